//! The reference files that concern bounds, β-spending and conditional power.

use crate::sequential_common::{efficacy_only, equal, function, spending};
use seamline::numerics::normal::sf;
use seamline::sequential::EfficacyPlan;
use seamline::sequential::bounds::{Sides, efficacy_bounds, wang_tsiatis};
use seamline::sequential::conditional::{
    Prior, conditional_crossing, final_conditional_power, final_predictive_power, predictive_power,
};
use seamline::sequential::crossing::canonical;
use seamline::sequential::futility::{Efficacy, close};
use seamline::sequential::power::{constant_effect, drift_for_power, inflation_factor};

/// One reference file: its expected values by key, each to be matched within its tolerance.
struct Reference {
    id: String,
    expected: serde_json::Map<String, serde_json::Value>,
    matched: usize,
}

impl Reference {
    fn read(id: &str) -> Self {
        let path = format!("tests/reference/{id}.json");
        let file: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        Self { id: id.into(), expected: file["expected"].as_object().unwrap().clone(), matched: 0 }
    }

    fn check(&mut self, key: &str, found: f64) {
        let entry = self.expected.get(key).unwrap_or_else(|| panic!("{}: no {key}", self.id));
        let (value, tolerance) = (entry["value"].as_f64().unwrap(), entry["tolerance"].as_f64().unwrap());
        assert!((found - value).abs() <= tolerance, "{} {key}: {found}, expected {value} ± {tolerance}", self.id);
        self.matched += 1;
    }

    /// Every key was asked for.
    fn done(&self) {
        assert_eq!(self.matched, self.expected.len(), "{}", self.id);
    }
}

fn check_beta_spending(
    id: &str,
    information: &[f64],
    alpha: f64,
    beta: f64,
    up: (&str, &[f64]),
    down: (&str, &[f64]),
    binding: bool,
) {
    let mut reference = Reference::read(id);
    let (up, down) = (function(up.0, up.1), function(down.0, down.1));
    let shape = constant_effect(information);
    let fixed = efficacy_bounds(&EfficacyPlan::Spending(up.clone()), alpha, information, information).unwrap();
    let efficacy = if binding {
        Efficacy::Binding { function: up.as_ref(), alpha, spending_time: information }
    } else {
        Efficacy::NonBinding(&fixed)
    };
    let closed = close(efficacy, down.as_ref(), beta, information, information, &shape).unwrap();
    reference.check("drift_at_full_information", closed.scale);
    reference.check("inflation_factor", inflation_factor(closed.scale, alpha, 1.0 - beta));
    let last = information.len() - 1;
    for (name, scale) in [("h0", 0.0), ("h1", closed.scale)] {
        let means: Vec<f64> = shape.iter().map(|s| scale * s).collect();
        let mut bounds = closed.bounds.clone();
        bounds.futility[last] = bounds.efficacy[last];
        let crossing = canonical(information, &means, &bounds).unwrap();
        for look in 0..=last {
            reference.check(&format!("cross_efficacy_{}_under_{name}", look + 1), crossing.efficacy[look]);
            reference.check(&format!("cross_futility_{}_under_{name}", look + 1), crossing.futility[look]);
        }
        assert!((crossing.reject() + crossing.futility.iter().sum::<f64>() - 1.0).abs() < 1e-11);
    }
    for look in 0..=last {
        reference.check(&format!("efficacy_z_{}", look + 1), closed.bounds.efficacy[look]);
        if look < last {
            reference.check(&format!("futility_z_{}", look + 1), closed.bounds.futility[look]);
        }
    }
    reference.done();
}

pub fn a_beta_spending_nonbinding_3() {
    let (up, down) = (("obrien_fleming", &[][..]), ("hwang_shih_decani", &[-2.0][..]));
    check_beta_spending("a-beta-spending-nonbinding-3", &[0.5, 0.75, 1.0], 0.025, 0.1, up, down, false);
}

pub fn a_beta_spending_binding_3() {
    let (up, down) = (("obrien_fleming", &[][..]), ("hwang_shih_decani", &[-2.0][..]));
    check_beta_spending("a-beta-spending-binding-3", &[0.5, 0.75, 1.0], 0.025, 0.1, up, down, true);
}

pub fn a_beta_spending_binding_4_ldobf() {
    let (up, down) = (("pocock", &[][..]), ("obrien_fleming", &[][..]));
    check_beta_spending("a-beta-spending-binding-4-ldobf", &equal(4), 0.025, 0.2, up, down, true);
}

pub fn g_constants_and_inflation_factors() {
    for (id, delta) in
        [("g-pocock-constants", 0.5), ("g-obrien-fleming-constants", 0.0), ("g-wang-tsiatis-025-constants", 0.25)]
    {
        let mut reference = Reference::read(id);
        for key in reference.expected.keys().cloned().collect::<Vec<_>>() {
            let looks: u32 = key[1..].parse().unwrap();
            let upper = wang_tsiatis(delta, 0.05, &equal(looks), Sides::Two).unwrap();
            reference.check(&key, *upper.last().unwrap());
        }
        reference.done();
    }
    let mut reference = Reference::read("g-inflation-factors");
    for (name, delta) in [("pocock", 0.5), ("obrien_fleming", 0.0)] {
        for looks in 2..=5 {
            let information = equal(looks);
            let upper = wang_tsiatis(delta, 0.05, &information, Sides::Two).unwrap();
            let drift =
                drift_for_power(&information, &efficacy_only(&upper), &constant_effect(&information), 0.9).unwrap();
            reference.check(&format!("{name}_K{looks}"), inflation_factor(drift, 0.025, 0.9));
        }
    }
    reference.done();
}

pub fn g_lan_demets_five_looks() {
    let mut reference = Reference::read("g-lan-demets-five-looks");
    for name in ["obrien_fleming", "pocock"] {
        let upper = spending(name, &[], 0.025, &equal(5), &equal(5));
        for (look, bound) in upper.iter().enumerate() {
            let key = format!("{name}_{}", look + 1);
            if reference.expected.contains_key(&key) {
                reference.check(&key, *bound);
            }
        }
    }
    reference.done();
}

pub fn h_cp_conditional_power() {
    for (id, information, name, parameters, goal, look, z) in [
        ("h-cp-ldobf-3looks", vec![0.5, 0.75, 1.0], "obrien_fleming", &[][..], 0.9, 0, 1.5),
        ("h-cp-hsd-look2", vec![0.3, 0.6, 1.0], "hwang_shih_decani", &[-2.0], 0.9, 1, 1.2),
        ("h-cp-single-stage", vec![0.4, 1.0], "obrien_fleming", &[], 0.8, 0, 0.5),
    ] {
        let mut reference = Reference::read(id);
        let upper = spending(name, parameters, 0.025, &information, &information);
        for (index, bound) in upper.iter().enumerate() {
            reference.check(&format!("efficacy_z_{}", index + 1), *bound);
        }
        let bounds = efficacy_only(&upper);
        let shape = constant_effect(&information);
        let drift = drift_for_power(&information, &bounds, &shape, goal).unwrap();
        reference.check("drift_at_full_information", drift);
        for (assumption, scale) in [("trend", z / information[look].sqrt()), ("null", 0.0), ("assumed", drift)] {
            let means: Vec<f64> = shape.iter().map(|s| scale * s).collect();
            let crossing = conditional_crossing(&information, &means, &bounds, look, z).unwrap();
            reference.check(&format!("conditional_power_under_{assumption}"), crossing.reject());
            for (later, probability) in crossing.efficacy.iter().enumerate() {
                let key = format!("conditional_cross_look_{}_under_{assumption}", look + 2 + later);
                reference.check(&key, *probability);
            }
            let last = final_conditional_power(&information, &means, upper[upper.len() - 1], look, z).unwrap();
            if assumption != "null" {
                reference.check(&format!("conditional_power_{assumption}_final_look_only"), last);
            }
        }
        let last = final_predictive_power(&information, upper[upper.len() - 1], look, z, Prior::Flat).unwrap();
        reference.check("predictive_power_flat_prior_final_look_only", last);
        let all = predictive_power(&information, &bounds, look, z, Prior::Flat).unwrap();
        reference.check("predictive_power_flat_prior_all_looks", all);
        reference.done();
    }
}

/// `tables.md` B10: gsDesign's condPower (two looks of 800 patients in a fixed design, z 1.1518 at the first, 403 more patients, effect
/// as estimated) and, to its thousandth, East's.
#[test]
fn b10_conditional_power_of_more_patients() {
    let information = equal(2);
    let upper = spending("hwang_shih_decani", &[-4.0], 0.025, &information, &information);
    let bounds = efficacy_only(&upper);
    let drift = drift_for_power(&information, &bounds, &constant_effect(&information), 0.9).unwrap();
    let first = 0.5 * 800.0 * inflation_factor(drift, 0.025, 0.9);
    let z = 1.151_764_990_571;
    let patients = [first, first + 403.0];
    // The second stage's statistic must reach what the first leaves of the combined one with its planned weights.
    let needed = (upper[1] - 0.5_f64.sqrt() * z) / 0.5_f64.sqrt();
    let effect = z / first.sqrt();
    let power = sf(needed - effect * 403.0_f64.sqrt());
    assert!((power - 0.308_923_87).abs() < 5e-7, "{power}");
    assert!((power / 0.308_644 - 1.0).abs() < 1e-3, "{power}");
    // The same by the library: looks at the two numbers of patients, the last bound moved to the same conditional error.
    let shares = patients.map(|n| n / patients[1]);
    let bound = shares[0].sqrt() * z + (1.0 - shares[0]).sqrt() * needed;
    let means = patients.map(|n| effect * n.sqrt());
    let found = final_conditional_power(&shares, &means, bound, 0, z).unwrap();
    assert!((found - power).abs() < 1e-12, "{found}");
}
