//! How power moves: more patients never lower it, a longer delay never raises the log-rank test's.

use proptest::prelude::*;
use seamline::engine::EngineKind;
use seamline::scenario::Scenario;
use serde_json::{Value, json};

/// Power of a two-look design at fixed months, patients enrolled at `patients`/12 a month.
fn power(file: &Value) -> f64 {
    let mut scenario = Scenario::from_json(&file.to_string(), &[]).unwrap();
    scenario.run.engine = EngineKind::Analytic;
    let candidate = &scenario.candidates[0];
    let answer = seamline::engine::evaluate(
        &candidate.protocol,
        &candidate.truths[0].1,
        &candidate.planning,
        &scenario.run,
        None,
    );
    answer.unwrap().reject_any.value
}

fn design(median: f64, ratio: f64, delay: f64, patients: f64, looks: &Value, test: &Value) -> Value {
    json!({
        "seamline": 1,
        "truth": {
            "enrollment": [{"per_month": patients / 12.0}],
            "dropout": {"hazard": 0.002},
            "control": {"death": {"median": median}},
            "arms": {"vaccine": {"effect": {"death": {"hazard_ratio": ratio, "delay": delay}}}}
        },
        "protocol": {
            "arms": ["control", "vaccine"], "allocation": {"control": 1, "vaccine": 1}, "patients": patients,
            "alpha": 0.025,
            "primary": {"endpoint": "os", "test": test},
            "analyses": looks,
            "efficacy": {"spending": "obrien_fleming"}
        }
    })
}

fn at_months(months: [f64; 2]) -> Value {
    json!([{"name": "interim", "when": {"calendar": months[0]}}, {"name": "final", "when": {"calendar": months[1]}}])
}

fn at_events(events: [f64; 2]) -> Value {
    json!([{"name": "interim", "when": {"events": events[0]}}, {"name": "final", "when": {"events": events[1]}}])
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(40) })]

    /// At fixed months, enrolment at a rate that grows with the patients: everything but the size stays. (With looks at fixed numbers of
    /// events more patients bring the looks forward, and under a delay power falls.)
    #[test]
    fn more_patients_never_lower_power(
        median in 8.0..24.0_f64, ratio in 0.4..0.95_f64, delay in 0.0..8.0_f64, patients in 100.0..600.0_f64, more in 1.02..1.6_f64,
        which in 0..3_usize,
    ) {
        let test = [json!("logrank"), json!({"fleming_harrington": {"rho": 0, "gamma": 1}}), json!({"modestly_weighted": {"until": 6}})];
        let looks = at_months([20.0, 36.0]);
        let few = power(&design(median, ratio, delay, patients.round(), &looks, &test[which]));
        let many = power(&design(median, ratio, delay, (patients * more).round(), &looks, &test[which]));
        prop_assert!(many >= few - 1e-9, "{few} {many}");
    }

    /// At fixed months and at fixed numbers of events.
    #[test]
    fn a_longer_delay_never_raises_log_rank_power(
        median in 8.0..24.0_f64, ratio in 0.4..0.95_f64, delay in 0.0..8.0_f64, longer in 0.1..6.0_f64, by_events in any::<bool>(),
    ) {
        let looks = if by_events { at_events([110.0, 180.0]) } else { at_months([20.0, 36.0]) };
        let early = power(&design(median, ratio, delay, 400.0, &looks, &json!("logrank")));
        let late = power(&design(median, ratio, delay + longer, 400.0, &looks, &json!("logrank")));
        prop_assert!(late <= early + 1e-9, "{early} {late}");
    }
}
