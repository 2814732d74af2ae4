//! The analytic engine against simulated trials: every kind B and kind D reference case, and random designs.
//!
//! `tests/reference/simulated/*.json` hold figures of our own simulation with their Monte Carlo standard errors, seed and
//! replicates. `SEAMLINE_SIMULATE=missing cargo test --test analytic_accuracy simulate` writes those that are absent,
//! `SEAMLINE_SIMULATE=all` every one anew.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // test helpers

mod uniform;

use seamline::engine::{EngineKind, OperatingCharacteristics, evaluate};
use seamline::scenario::Scenario;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use uniform::Uniform;

const REPLICATES: u64 = 200_000;
const RANDOM: u64 = 30;

/// What the large-sample law may be off by, beside four Monte Carlo standard errors.
const POWER_ALLOWANCE: f64 = 0.002;
const LOOK_ALLOWANCE: f64 = 0.003;

/// Every design has a seed of its own, so that the errors of the stored figures are independent: the 64-bit FNV-1a hash of its name,
/// the first 53 bits of it.
fn seed(id: &str) -> u64 {
    let hash = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    id.bytes().fold(0xcbf2_9ce4_8422_2325, hash) >> 11
}

fn reference() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference")
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn json_files(folder: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|kind| kind == "json")).collect();
    paths.sort();
    paths
}

/// The first (only) candidate under its first truth.
fn answer(scenario: &Value, engine: EngineKind, replicates: u64, seed: u64) -> OperatingCharacteristics {
    let mut file = Scenario::from_json(&scenario.to_string(), &[]).unwrap();
    (file.run.engine, file.run.replicates, file.run.seed) = (engine, replicates, seed);
    let candidate = &file.candidates[0];
    evaluate(&candidate.protocol, &candidate.truths[0].1, &candidate.planning, &file.run, None).unwrap()
}

impl Uniform {
    /// Between two numbers, in thousandths.
    fn between(&mut self, low: f64, high: f64) -> f64 {
        ((low + (high - low) * self.next()) * 1000.0).round() / 1000.0
    }

    fn chance(&mut self, probability: f64) -> bool {
        self.next() < probability
    }
}

/// A design with a delay, a waning effect or crossing hazards, even or 2:1, with or without strata, one to three looks.
fn random_scenario(index: u64) -> Value {
    let mut u = Uniform(index.wrapping_mul(7919));
    let patients = (u.between(300.0, 640.0) / 6.0).round() * 6.0;
    let months = u.between(9.0, 22.0);
    let change = u.between(2.0, 7.0);
    let ratio = match index % 3 {
        0 => json!({"hazard_ratio": u.between(0.5, 0.7), "delay": change}),
        1 => json!({"hazard_ratio": [{"for": change, "is": u.between(0.45, 0.6)}, {"is": u.between(0.75, 1.0)}]}),
        _ => json!({"hazard_ratio": [{"for": change, "is": u.between(1.1, 1.4)}, {"is": u.between(0.45, 0.6)}]}),
    };
    let two_to_one = u.chance(0.4);
    let strata = u.chance(0.4);
    let stratified = strata && u.chance(0.6);
    let mut truth = json!({
        "enrollment": [{"per_month": (patients / months).round()}],
        "enrollment_process": if u.chance(0.3) { "steady" } else { "poisson" },
        "dropout": {"hazard": u.between(0.0, 0.006)},
        "control": {"death": {"hazard": u.between(0.03, 0.09)}},
        "arms": {"vaccine": {"effect": {"death": ratio}}},
    });
    if strata {
        let share = u.between(0.3, 0.7);
        truth["strata"] = json!([
            {"name": "low", "prevalence": share, "hazard_ratio": {"death": u.between(1.3, 2.0)}},
            {"name": "high", "prevalence": ((1.0 - share) * 1000.0).round() / 1000.0, "hazard_ratio": {"death": 1}},
        ]);
    }
    let looks = 1 + (u.next() * 3.0) as usize;
    let last = u.between(0.5, 0.72) * patients;
    let calendar = u.chance(0.25);
    let analyses: Vec<Value> = (1..=looks)
        .map(|k| {
            let share = (k + 1) as f64 / (looks + 1) as f64;
            let when = if calendar {
                json!({"calendar": (share * (months + 20.0)).round()})
            } else {
                json!({"events": (share * last).round()})
            };
            json!({"name": format!("look {k}"), "when": when})
        })
        .collect();
    let spending = if u.chance(0.7) { "obrien_fleming" } else { "pocock" };
    json!({
        "seamline": 1,
        "title": format!("random design {index}"),
        "truth": truth,
        "protocol": {
            "arms": ["control", "vaccine"],
            "allocation": {"control": 1, "vaccine": if two_to_one { 2 } else { 1 }},
            "patients": patients,
            "alpha": 0.025,
            "primary": {"endpoint": "os", "test": "logrank", "stratified": stratified},
            "analyses": analyses,
            "efficacy": {"spending": spending},
        },
    })
}

/// Every id with its scenario and the note of its reference case.
fn designs() -> Vec<(String, Value, String)> {
    let mut designs: Vec<(String, Value, String)> = json_files(&reference())
        .iter()
        .map(|path| read(path))
        .filter(|case| (case["kind"] == "B" || case["kind"] == "D") && case["verb"] == "evaluate")
        .map(|case| {
            let text = |key: &str| case[key].as_str().unwrap().to_string();
            (text("id"), case["scenario"].clone(), text("note"))
        })
        .collect();
    designs.extend((0..RANDOM).map(|i| (format!("random-{i:02}"), random_scenario(i), String::new())));
    designs
}

fn estimate(estimate: seamline::engine::Estimate) -> Value {
    json!({"value": estimate.value, "mcse": estimate.mcse})
}

/// Writes the stored simulations when asked to.
#[test]
fn simulate() {
    let Ok(which) = std::env::var("SEAMLINE_SIMULATE") else { return };
    for (id, scenario, _) in designs() {
        let path = reference().join(format!("simulated/{id}.json"));
        if which == "missing" && path.exists() {
            continue;
        }
        let found = answer(&scenario, EngineKind::Simulation, REPLICATES, seed(&id));
        let looks: Vec<Value> = found.looks.iter().map(|look| estimate(look.cross_efficacy)).collect();
        let mut stored = json!({
            "id": id,
            "command": "SEAMLINE_SIMULATE=all cargo test --test analytic_accuracy simulate",
            "replicates": REPLICATES,
            "seed": seed(&id),
            "reject_any": estimate(found.reject_any),
            "cross_efficacy": looks,
        });
        if id.starts_with("random") {
            stored["scenario"] = scenario;
        }
        std::fs::write(&path, serde_json::to_string_pretty(&stored).unwrap() + "\n").unwrap();
        println!("{id}");
    }
}

/// Overall powers that a note quotes of other programs' approximations.
fn peers(note: &str) -> Vec<(&'static str, f64)> {
    const QUOTED: [&str; 5] = [
        "lrpower analytic overall ",
        "gs_power_ahr overall ",
        "gs_power_wlr (log-rank) ",
        "gs_power_wlr cumulative power ",
        "Analytic cumulative power ",
    ];
    let read = |phrase: &&'static str| {
        let after = note.split(phrase).nth(1)?;
        let numbers = after.split([' ', ',', ';']).next()?.trim_end_matches('.');
        Some((*phrase, numbers.split('/').next_back()?.parse().ok()?))
    };
    QUOTED.iter().filter_map(read).collect()
}

/// Crossing probabilities per look that a note quotes of other programs' approximations.
fn peers_by_look(note: &str) -> Vec<(&'static str, Vec<f64>)> {
    let list = |phrase: &str| -> Option<Vec<f64>> {
        let numbers = note.split(phrase).nth(1)?.split([' ', ',', ';', ')']).next()?.trim_end_matches('.');
        numbers.split('/').map(|number| number.parse().ok()).collect()
    };
    let mut found = Vec::new();
    // The first list of a note is lrpower's; lrsim's follows without these words.
    found.extend(list("(per look ").map(|looks| ("lrpower ", looks)));
    for phrase in ["gs_power_wlr cumulative power ", "Analytic cumulative power "] {
        let increments =
            |sums: Vec<f64>| sums.iter().scan(0.0, |before, sum| Some(sum - std::mem::replace(before, *sum))).collect();
        found.extend(list(phrase).map(|sums| (phrase, increments(sums))));
    }
    found
}

#[test]
fn power_and_looks_agree_with_the_stored_simulations_and_better_than_other_programs() {
    let mut all = Vec::new();
    let (mut count, mut quoted, mut worst) = (0, 0, [0.0f64; 2]);
    for (id, scenario, note) in designs() {
        let stored = read(&reference().join(format!("simulated/{id}.json")));
        let mut wrong = Vec::new();
        let known = |of: &Value| (of["value"].as_f64().unwrap(), of["mcse"].as_f64().unwrap());
        if let Some(written) = stored.get("scenario") {
            assert_eq!(written, &scenario, "{id}: the stored design is not the one generated");
        }
        assert_eq!(stored["seed"], seed(&id), "{id}: the stored figures are of another seed");
        let found = answer(&scenario, EngineKind::Analytic, 1, 1);
        let (power, mcse) = known(&stored["reject_any"]);
        let gap = found.reject_any.value - power;
        worst[0] = worst[0].max(gap.abs());
        println!("{id:28} power {power:.4} ± {mcse:.4} off by {gap:+.4}");
        if gap.abs() > POWER_ALLOWANCE + 4.0 * mcse {
            wrong.push(format!("{id}: power {} against {power} ± {mcse}", found.reject_any.value));
        }
        for (program, figure) in peers(&note) {
            if (figure - power).abs() > 4.0 * mcse && gap.abs() > (figure - power).abs() {
                wrong.push(format!("{id}: {} is further from {power} than {program}{figure}", found.reject_any.value));
            }
        }
        let by_look = peers_by_look(&note);
        assert!(by_look.iter().all(|(_, looks)| looks.len() == found.looks.len()), "{id}: {by_look:?}");
        quoted += by_look.iter().map(|(_, looks)| looks.len()).sum::<usize>();
        for (k, (look, simulated)) in found.looks.iter().zip(stored["cross_efficacy"].as_array().unwrap()).enumerate() {
            let (crossing, mcse) = known(simulated);
            let gap = look.cross_efficacy.value - crossing;
            for (program, figure) in by_look.iter().map(|(program, looks)| (program, looks[k])) {
                if (figure - crossing).abs() > 4.0 * mcse && gap.abs() > (figure - crossing).abs() {
                    wrong.push(format!(
                        "{id} {}: {} is further from {crossing} than {program}{figure}",
                        look.analysis, look.cross_efficacy.value
                    ));
                }
            }
            worst[1] = worst[1].max(gap.abs());
            println!("    {:24} {crossing:.4} ± {mcse:.4} off by {gap:+.4}", look.analysis);
            if gap.abs() > LOOK_ALLOWANCE + 4.0 * mcse {
                wrong
                    .push(format!("{id} {}: {} against {crossing} ± {mcse}", look.analysis, look.cross_efficacy.value));
            }
        }
        all.extend(wrong);
        count += 1;
    }
    assert!(quoted >= 40, "only {quoted} figures by look were read from the notes");
    println!(
        "{count} designs; {quoted} figures of others by look; worst power {:.4}, worst look {:.4}",
        worst[0], worst[1]
    );
    assert!(all.is_empty(), "\n{}", all.join("\n"));
}

/// The stored figures are what the simulation of today says: a few designs with fewer trials and another seed.
#[test]
fn a_live_subset_agrees_with_the_stored_simulations() {
    for id in ["b-delay6-3looks-2to1", "random-01", "random-02"] {
        let (_, scenario, _) = designs().into_iter().find(|(name, ..)| name == id).unwrap();
        let stored = read(&reference().join(format!("simulated/{id}.json")));
        let live = answer(&scenario, EngineKind::Simulation, 10_000, 7).reject_any;
        let (power, mcse) = (&stored["reject_any"]["value"], &stored["reject_any"]["mcse"]);
        let spread = live.mcse.unwrap().hypot(mcse.as_f64().unwrap());
        assert!((live.value - power.as_f64().unwrap()).abs() < 4.0 * spread, "{id}: {} {power}", live.value);
    }
}
