//! A set-up of the asymptotic engine answers every rule, threshold, bound and weight on its schedule as a fresh one does.

#![expect(clippy::unwrap_used, reason = "helpers of a test: what goes wrong here fails the test")]

use seamline::engine::asymptotic::{Library, Precision, evaluate_at};
use seamline::engine::{hypotheses, plan};
use seamline::scenario::Scenario;

fn melanoma() -> Scenario {
    let path = format!("{}/scenarios/neoantigen-melanoma.json", env!("CARGO_MANIFEST_DIR"));
    Scenario::from_json(&std::fs::read_to_string(path).unwrap(), &[]).unwrap()
}

/// Candidates that ask for the same numbers are answered bit by bit alike from one set-up and from their own; those that ask
/// for less, within the error of the integral.
#[test]
fn answers_do_not_depend_on_what_was_asked_before() {
    let file = melanoma();
    let mut library = Library::new(file.candidates.iter().map(|candidate| &candidate.protocol));
    for candidate in &file.candidates {
        let planned = plan(&candidate.protocol, &candidate.planning).unwrap();
        for (_, truth) in &candidate.truths {
            let judged = hypotheses(truth, &candidate.protocol).unwrap();
            let first = library.evaluate_at(&candidate.protocol, truth, &planned, &judged, Precision::ANSWER).unwrap();
            let again = library.evaluate_at(&candidate.protocol, truth, &planned, &judged, Precision::ANSWER).unwrap();
            assert_eq!(first, again);
            let fresh = evaluate_at(&candidate.protocol, truth, &planned, &judged, Precision::ANSWER).unwrap();
            for (kept, fresh) in [(first.reject_any, fresh.reject_any), (first.go, fresh.go)] {
                let error = kept.mcse.unwrap().hypot(fresh.mcse.unwrap());
                assert!((kept.value - fresh.value).abs() <= 4.0 * error, "{kept:?} {fresh:?}");
            }
            if candidate.name == "immune response and DFS" {
                assert_eq!(first, fresh);
            }
        }
    }
}
