//! The level of the melanoma design, and what naive pooling does to it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // test helpers

use seamline::engine::{OperatingCharacteristics, evaluate};
use seamline::scenario::Scenario;
use seamline::study::worst_case;

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

/// Every way to combine two stages that `check` calls strong: 200,000 trials under the global null, a response and PFS effect without
/// benefit in OS, and one arm that works.
#[test]
fn every_combination_holds_its_level() {
    for (candidate, truths) in [
        ("inverse normal", &["global null", "misleading", "high dose works"][..]),
        ("conditional error", &["global null", "misleading"]),
        ("Fisher, two looks", &["global null", "misleading"]),
        ("increments, chosen by OS", &["global null", "misleading"]),
    ] {
        for truth in truths {
            let outcome = run("combinations", candidate, truth, 200_000);
            let error = outcome.type_i_error.unwrap();
            println!("{candidate} · {truth}: {:.5} ± {:.5}", error.value, error.mcse.unwrap());
            assert!(error.value <= 0.025 + 4.0 * error.mcse.unwrap(), "{candidate}, {truth}: {error:?}");
            if *truth != "high dose works" {
                assert!(error.value > 0.018, "{candidate}, {truth}: {error:?}");
            }
        }
    }
}

/// The graphical procedure on PFS and OS: 200,000 trials under no effect, and under an effect on progression that leaves OS as it was.
#[test]
fn the_graphical_procedure_holds_its_level() {
    for truth in ["no effect", "progression only"] {
        let outcome = run("pfs-and-os", "recycled", truth, 200_000);
        let error = outcome.type_i_error.unwrap();
        println!("{truth}: {:.5} ± {:.5}", error.value, error.mcse.unwrap());
        assert!(error.value <= 0.025 + 4.0 * error.mcse.unwrap(), "{truth}: {error:?}");
        assert!(error.value > 0.018, "{truth}: {error:?}");
    }
}

/// A trial resized by what its own patients had shown: pooled, the level is exceeded by more than ten standard errors; with the weights
/// that were planned it holds.
#[test]
fn resizing_needs_the_planned_weights() {
    let error = |candidate: &str| run("resizing", candidate, "no effect", 40_000).type_i_error.unwrap();
    let (pooled, kept) = (error("pooled"), error("planned weights"));
    assert!(pooled.value > 0.025 + 10.0 * pooled.mcse.unwrap(), "{pooled:?}");
    assert!(kept.value <= 0.025 + 4.0 * kept.mcse.unwrap(), "{kept:?}");
}

/// Increments of OS are independent of a choice by OS; of a choice by PFS they are not, and the level is exceeded by more than ten
/// standard errors.
#[test]
fn increments_after_a_choice_by_another_endpoint_exceed_the_level() {
    let error = |candidate: &str| run("independent-increments", candidate, "no effect", 40_000).type_i_error.unwrap();
    let wrong = error("increments, chosen by PFS");
    assert!(wrong.value > 0.025 + 10.0 * wrong.mcse.unwrap(), "{wrong:?}");
    for candidate in ["increments, chosen by OS", "own cohort, chosen by PFS"] {
        let right = error(candidate);
        assert!(right.value <= 0.025 + 4.0 * right.mcse.unwrap(), "{candidate}: {right:?}");
    }
}

/// The search over response rates and their prognostic link finds no excess where the cohorts are kept apart, and one that
/// simulation confirms where they are pooled; the file it writes is the truth it found.
#[test]
fn the_worst_case_search_finds_inflation_where_there_is_some() {
    let path = format!("{}/scenarios/worst-case.json", env!("CARGO_MANIFEST_DIR"));
    let mut scenario = Scenario::from_json(&std::fs::read_to_string(path).unwrap(), &[]).unwrap();
    scenario.run.replicates = 40_000;
    let start = std::time::Instant::now();
    let found = worst_case(&scenario).unwrap();
    println!("{:.1} s", start.elapsed().as_secs_f64());
    for worst in &found {
        let simulated = worst.simulated.type_i_error.unwrap();
        let (mcse, searched) = (simulated.mcse.unwrap(), worst.searched);
        println!("{}: {searched:?}, {simulated:?}, {} truths, at {:?}", worst.candidate, worst.evaluations, worst.at);
        // What first-order theory may leave at a few hundred patients.
        assert!((searched.value - simulated.value).abs() < 4.0 * mcse + 0.006, "{searched:?} {simulated:?}");
        let again = Scenario::from_json(&worst.file.to_string(), &[]).unwrap();
        assert_eq!(again.candidates[0].name, worst.candidate);
        for (path, value) in &worst.at {
            assert!(
                scenario
                    .worst_case
                    .as_ref()
                    .unwrap()
                    .iter()
                    .any(|range| &range.path == path && range.from <= *value && *value <= range.to)
            );
        }
        if worst.candidate == "own cohort" {
            assert!(searched.value <= 0.025 + 4.0 * searched.mcse.unwrap(), "{searched:?}");
            assert!(simulated.value <= 0.025 + 4.0 * mcse, "{simulated:?}");
        } else {
            assert!(simulated.value > 0.025 + 4.0 * mcse, "{simulated:?}");
        }
    }
}
