//! The level of the melanoma design, and what naive pooling does to it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // test helpers

use seamline::engine::{OperatingCharacteristics, evaluate};
use seamline::scenario::Scenario;

fn run(scenario: &str, candidate: &str, truth: &str, replicates: u64) -> OperatingCharacteristics {
    let path = format!("{}/scenarios/{scenario}.json", env!("CARGO_MANIFEST_DIR"));
    let mut scenario = Scenario::from_json(&std::fs::read_to_string(path).unwrap(), &[]).unwrap();
    scenario.run.replicates = replicates;
    let candidate = scenario.candidates.iter().find(|known| known.name == candidate).unwrap();
    let truth = &candidate.truths.iter().find(|(name, _)| name == truth).unwrap().1;
    evaluate(&candidate.protocol, truth, &candidate.planning, &scenario.run, None).unwrap()
}

/// `own_cohort` with Dunnett: 200,000 trials under the global null and under an immune response without benefit. `no gate`
/// always goes on, so that nothing hides an excess; `immune response only` always goes on under the second truth.
#[test]
fn the_melanoma_design_holds_its_level() {
    for (candidate, truth) in [
        ("no gate", "global null"),
        ("no gate", "response without benefit"),
        ("immune response only", "response without benefit"),
    ] {
        let outcome = run("neoantigen-melanoma", candidate, truth, 200_000);
        let error = outcome.type_i_error.unwrap();
        println!("{candidate} · {truth}: {:.5} ± {:.5}", error.value, error.mcse.unwrap());
        assert!(error.value <= 0.025 + 4.0 * error.mcse.unwrap(), "{candidate}, {truth}: {error:?}");
        // The test is not merely conservative: Dunnett's best-arm test spends nearly all of the level.
        assert!(error.value > 0.018, "{candidate}, {truth}: {error:?}");
    }
}

/// Selecting by DFS and pooling the same patients' DFS exceeds the level by more than ten standard errors.
#[test]
fn naive_pooling_exceeds_the_level() {
    let outcome = run("naive-pooling", "naive pooling", "response without benefit", 20_000);
    let error = outcome.type_i_error.unwrap();
    assert!(error.value > 0.025 + 10.0 * error.mcse.unwrap(), "{error:?}");
    let valid = run("naive-pooling", "own cohort", "response without benefit", 20_000).type_i_error.unwrap();
    assert!(valid.value <= 0.025 + 4.0 * valid.mcse.unwrap(), "{valid:?}");
}
