//! Trials of under ten patients, worked by hand: a dropped arm, futility, resizing, gates, a toxicity veto, a single arm.

use crate::adaptive::{Bonferroni, Prospect};
use crate::engine::simulation::trial::{Trial, Workspace};
use crate::engine::{Plan, PlannedLook};
use crate::protocol::{Design, Protocol};
use crate::scenario::Scenario;
use crate::sequential::Bounds;
use crate::truth::Truth;
use std::sync::Arc;

/// A seamless trial of a control, a low and a high dose, overall survival, six patients in phase II and three in phase III.
fn scenario(transition: &str, looks: &str) -> (Protocol, Truth) {
    let file = format!(
        r#"{{"seamline": 1,
            "truth": {{"enrollment": [{{"per_month": 1}}], "control": {{"death": {{"hazard": 0.1}}}},
                       "toxicity": {{"measured_at": 2, "control_rate": 0.1}},
                       "arms": {{"low": {{"effect": {{}}}}, "high": {{"effect": {{}}}}}}}},
            "protocol": {{"arms": ["control", "low", "high"], "alpha": 0.025, "phase2": {{"patients": 6}},
                "transition": {{"when": {{"calendar": 6}}, "keep": {{"rule": "best", "by": "os_z"}} {transition}}},
                "phase3": {{"patients": 3}}, "primary": {{"endpoint": "os"}}, "analyses": {looks},
                "efficacy": {{"spending": "obrien_fleming"}}, "intersection": "bonferroni",
                "combination": {{"method": "inverse_normal", "phase2_patients": "own_cohort", "weight": 0.5,
                                 "phase2_follow_up": {{"when": {{"calendar": 6}}}}}}}}}}"#
    );
    let scenario = Scenario::from_json(&file, &[]).unwrap();
    let candidate = &scenario.candidates[0];
    (candidate.protocol.clone(), candidate.truths[0].1.clone())
}

fn plan(fractions: &[f64], efficacy: &[f64], futility: &[f64]) -> Plan {
    let look = |&fraction: &f64| PlannedLook {
        information_fraction: 0.5 + 0.5 * fraction,
        stage2_fraction: fraction,
        spending_time: fraction,
        events: 20.0 * fraction,
    };
    let bounds = Bounds { efficacy: efficacy.to_vec(), futility: futility.to_vec() };
    Plan { looks: fractions.iter().map(look).collect(), bounds, stage1_weight: Some(0.5), ..Plan::default() }
}

/// Puts patients in place: entry, arm, months to death. Nobody drops out.
fn patients(work: &mut Workspace, list: &[(f64, u16, f64)]) {
    work.patients.resize(list.len());
    for (i, &(entry, arm, death)) in list.iter().enumerate() {
        work.patients.entry[i] = entry;
        work.patients.arm[i] = arm;
        work.patients.cell[i] = arm;
        work.patients.os[i] = death;
        work.patients.pfs[i] = death;
        work.patients.dropout[i] = f64::INFINITY;
    }
}

/// Phase II: controls die after 2 and 4 months, low dose after 1 and 3, high dose after 5 and never; cut at month 6.
const PHASE2: [(f64, u16, f64); 6] =
    [(0.0, 0, 2.0), (0.0, 0, 4.0), (0.0, 1, 1.0), (0.0, 1, 3.0), (0.0, 2, 5.0), (0.0, 2, f64::INFINITY)];
/// Phase III: controls enter at 7 and 8 and die after 1 and 2 months, a high dose enters at 7 and dies after 4.
const PHASE3: [(f64, u16, f64); 3] = [(7.0, 0, 1.0), (7.0, 2, 4.0), (8.0, 0, 2.0)];

/// Runs a trial on given patients; the first six are phase II.
fn run<'a>(trial: &Trial<'_>, work: &'a mut Workspace, list: &[(f64, u16, f64)]) -> &'a mut Workspace {
    let Design::Seamless(design) = &trial.protocol.design else { panic!("not seamless") };
    work.tests.clear();
    work.record.clear();
    work.studied.fill(true);
    work.gated.fill(false);
    patients(work, list);
    trial.read_phase2(work, 6);
    trial.decide(work, &design.transition, 6, 6.0);
    let factor = trial.factor(work, &design.transition, 6.0);
    let earliest = trial.stage1(work, &design.combination, 6, 6.0);
    for arm in 0..2 {
        work.studied[arm + 1] = work.kept[arm];
    }
    work.factor = factor;
    trial.confirm(work, 6..list.len(), 6.0, earliest);
    work
}

fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-4, "{found} {expected}");
}

/// **A dropped arm.** Log-rank of phase II, Σ(expected − observed in the arm) and Σ variance over the deaths:
///
/// ```text
/// high  month 2 (2 against 2): 1/2, 1/4; month 4 (1, 2): 2/3, 2/9; month 5 (0, 2): nothing
///       U = 1.16667, V = 0.47222, z = 1.69775
/// low   month 1 (2, 2): 1/2 − 1, 1/4; month 2 (2, 1): 1/3, 2/9; month 3 (1, 1): 1/2 − 1, 1/4; month 4 (1, 0): nothing
///       U = −0.66667, V = 0.72222, z = −0.78446
/// ```
///
/// High goes on. Stage 1: q(high) = 1.69775; the pair has p = 2·0.044778 = 0.089555, q = 1.34350. Stage 2, at the third death in phase III,
/// month 11: after 1 month (2, 1): 1/3, 2/9; after 2 (1, 1): 1/2, 1/4; after 4 (0, 1): nothing: z = 0.83333/√0.47222 = 1.21268.
/// C(high) = (1.69775 + 1.21268)/√2 = 2.05798, C(pair) = (1.34350 + 1.21268)/√2 = 1.80749: rejected at a bound of 1.8, and at 1.96 the
/// dropped dose holds it back.
#[test]
fn a_dropped_arm() {
    let (protocol, truth) = scenario("", r#"[{"name": "final", "when": {"events": 3}}]"#);
    for (bound, rejected) in [(1.96, false), (1.80, true)] {
        let plan = plan(&[1.0], &[bound], &[f64::NEG_INFINITY]);
        let trial = Trial::new(&protocol, &truth, &plan, 1).unwrap();
        let mut work = trial.workspace();
        let work = run(&trial, &mut work, &[&PHASE2[..], &PHASE3].concat());
        assert_eq!(work.kept, [false, true]);
        assert_eq!(work.record.looks[0].month, 11.0);
        near(work.tests.statistic[1], 2.057_98);
        near(work.tests.stage1()[0b11], 1.343_50);
        assert_eq!(work.tests.rejected, [false, rejected]);
    }
}

/// **Futility.** A first look at the second death in phase III, month 10, half of stage 2: the same two risk sets, z = 1.21268, and
/// C = √(2/3)·1.69775 + √(1/3)·1.21268 = 2.08635 (stage 1 weighs ½ against ½·½). A futility bound of 2.1 stops the trial there; one of 2.0
/// lets it go on to the last look, which adds no information.
#[test]
fn futility() {
    let (protocol, truth) =
        scenario("", r#"[{"name": "interim", "when": {"events": 2}}, {"name": "final", "when": {"events": 3}}]"#);
    for (bound, stopped) in [(2.1, Some(0)), (2.0, None)] {
        let plan = plan(&[0.5, 1.0], &[3.0, 1.96], &[bound, f64::NEG_INFINITY]);
        let trial = Trial::new(&protocol, &truth, &plan, 1).unwrap();
        let mut work = trial.workspace();
        let work = run(&trial, &mut work, &[&PHASE2[..], &PHASE3].concat());
        assert_eq!(work.record.looks[0].month, 10.0);
        near(work.record.statistics[1], 2.086_35);
        assert_eq!(work.record.futility_at, stopped);
        assert_eq!(work.record.looks.len(), if stopped.is_some() { 1 } else { 2 });
        if stopped.is_none() {
            // C = (1.69775 + √½·1.21268 + √½·0)/√2: an increment without information counts as 0.
            near(work.record.statistics[3], (1.697_75 + 0.5_f64.sqrt() * 1.212_68) / 2.0_f64.sqrt());
        }
    }
}

/// **Resizing.** With w = ½, stage 1 complete, I₂ = ½ planned and b = 1.96: high has z = 1.69775 with I = 0.47222, θ = z/√I = 2.47059.
/// Conditional power by trend: {√½·1.69775 + √½·2.47059·√½ − 1.96}/√½ = (1.20049 + 1.23530 − 1.96)/0.70711 = 0.67287, Φ = 0.7495: inside
/// [0.3, 0.9). To reach 0.9: √f·1.23530 = 1.96 + √½·1.28155 − 1.20049 = 1.66570, √f = 1.34842, f = 1.81824. Two events become
/// ⌈3.64⌉ = 4 of four patients; a largest factor of 1.5 makes them three.
#[test]
fn resizing() {
    let file = |most: &str| {
        let zone = r#", "resize": {"promising_zone": {"lower": 0.3, "upper": 0.9, "max_factor": MOST}}"#;
        scenario(&zone.replace("MOST", most), r#"[{"name": "final", "when": {"events": 2}}]"#)
    };
    // One more high dose, who enters at 8 and dies after 6 months, month 14.
    let list = [&PHASE2[..], &PHASE3, &[(8.0, 2, 6.0)]].concat();
    for (most, factor, month) in [("3", 1.818_24, 14.0), ("1.5", 1.5, 11.0)] {
        let (protocol, truth) = file(most);
        let mut plan = plan(&[1.0], &[1.96], &[f64::NEG_INFINITY]);
        let prospect = Prospect { weight: 0.5, stage1: None, stage2: 0.5, planned: [0.0, 0.1], bound: 1.96 };
        plan.prospects = vec![prospect; 2];
        let trial = Trial::new(&protocol, &truth, &plan, 1).unwrap();
        let mut work = trial.workspace();
        let work = run(&trial, &mut work, &list);
        near(work.factor, factor);
        assert_eq!(work.record.looks[0].month, month);
    }
    let intersection: Arc<dyn crate::adaptive::IntersectionTest> = Arc::new(Bonferroni);
    assert!((intersection.p_value(&[1.697_75, -0.784_46], &[0.5; 2]) - 0.089_555).abs() < 1e-5);
}

/// **Gates.** At month 3, high against control: month 2 (2, 2): 1/2, 1/4; z = 1. Low: 1/2 − 1, 1/4; 1/3, 2/9; 1/2 − 1, 1/4; z < 0. A gate
/// that only a bad arm passes puts high out for good, and low goes on although high is better at the transition; a gate that nobody
/// passes ends the trial at month 3 with its six patients.
#[test]
fn gates() {
    let file = |go: &str| {
        let gate = r#", "gates": [{"when": {"calendar": 3}, "go": {"os_z": GO}}]"#;
        scenario(&gate.replace("GO", go), r#"[{"name": "final", "when": {"events": 3}}]"#)
    };
    for (go, stopped, kept) in [
        (r#"{"at_most": 0}"#, false, [true, false]),
        (r#"{"at_least": 1}"#, false, [false, true]),
        (r#"{"at_least": 5}"#, true, [false, false]),
    ] {
        let (protocol, truth) = file(go);
        let plan = plan(&[1.0], &[1.96], &[f64::NEG_INFINITY]);
        let trial = Trial::new(&protocol, &truth, &plan, 1).unwrap();
        let Design::Seamless(design) = &protocol.design else { panic!("not seamless") };
        let mut work = trial.workspace();
        patients(&mut work, &PHASE2);
        work.kept.fill(false);
        work.gated.fill(false);
        assert_eq!(trial.closed_gate(&mut work, design, 6.0), stopped);
        if stopped {
            let end = work.record.end.unwrap();
            assert_eq!((end.month, end.events, end.patients), (3.0, 3, 6));
        } else {
            trial.read_phase2(&mut work, 6);
            trial.decide(&mut work, &design.transition, 6, 6.0);
        }
        assert_eq!(work.kept, kept);
    }
}

/// **A toxicity veto and a single arm.** Both patients on the high dose have a toxicity, known after 2 months: rate 1, posterior Beta(3, 1),
/// P(rate > ½) = 1 − ½³ = 0.875, exact p-value ½² = 0.25; nobody on the low dose: P = ½³ = 0.125, p = 1. Alone, the high dose has a
/// Kaplan–Meier survival of ½ at month 5 with Greenwood's variance ¼·1/(2·1) = 1/8: against a history of 0.3, z = 0.2/√(1/8) = 0.56569; the
/// low dose has 0 and no variance.
#[test]
fn a_toxicity_veto_and_a_single_arm() {
    for (go, kept) in [
        (r#"{"toxicity_rate": {"at_most": 0.5}}"#, [true, false]),
        (r#"{"toxicity_posterior": {"above": 0.5, "at_most": 0.876}}"#, [false, true]),
        (r#"{"toxicity_posterior": {"above": 0.5, "at_most": 0.874}}"#, [true, false]),
        (r#"{"toxicity_posterior": {"above": 0.5, "at_most": 0.124}}"#, [false, false]),
        (r#"{"toxicity_exact_p": {"above": 0.5, "at_least": 0.249}}"#, [false, true]),
        (r#"{"toxicity_exact_p": {"above": 0.5, "at_least": 0.251}}"#, [true, false]),
        (
            r#"{"survival_over_history": {"endpoint": "os", "at": 5, "history": 0.3, "z_at_least": 0.565}}"#,
            [false, true],
        ),
        (
            r#"{"survival_over_history": {"endpoint": "os", "at": 5, "history": 0.3, "z_at_least": 0.566}}"#,
            [false, false],
        ),
        (r#"{"score": {"toxicity_rate": -1, "os_z": 0.1}, "at_least": -0.1}"#, [true, false]),
    ] {
        let (protocol, truth) = scenario(&format!(r#", "go": {go}"#), r#"[{"name": "final", "when": {"events": 3}}]"#);
        let plan = plan(&[1.0], &[1.96], &[f64::NEG_INFINITY]);
        let trial = Trial::new(&protocol, &truth, &plan, 1).unwrap();
        let Design::Seamless(design) = &protocol.design else { panic!("not seamless") };
        let mut work = trial.workspace();
        patients(&mut work, &PHASE2);
        work.gated.fill(false);
        work.toxic = vec![false, false, false, false, true, true];
        trial.read_phase2(&mut work, 6);
        trial.decide(&mut work, &design.transition, 6, 6.0);
        assert_eq!(work.kept, kept, "{go}");
    }
}
