//! Textbook sample sizes under proportional hazards against gsDesign, rpact and SAS (kind C; `tables.md` C1 to C7, C10).

use crate::sequential_common::{efficacy_only, equal, function, spending};
use crate::{case, check};
use seamline::numerics::normal::{sf, upper_quantile};
use seamline::numerics::roots::brent;
use seamline::search::closed_form::{Method, ProportionalHazards, events, schoenfeld_power};
use seamline::sequential::EfficacyPlan;
use seamline::sequential::bounds::efficacy_bounds;
use seamline::sequential::crossing::canonical;
use seamline::sequential::futility::{Efficacy, close};
use seamline::sequential::power::{constant_effect, drift_for_power, inflation_factor};
use seamline::sequential::spending::SPENDING_THROUGH_POINTS;
use std::f64::consts::LN_2;

fn near(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance, "{found}, expected {expected} ± {tolerance}");
}

pub fn c_closed_forms() {
    for id in ["c-closed-forms-ph", "c-closed-forms-ph-2to1"] {
        let input = case(id)["input"].clone();
        let number = |key: &str| input[key].as_f64().unwrap();
        let design = ProportionalHazards {
            control_hazard: LN_2 / number("control_median"),
            hazard_ratio: number("hazard_ratio"),
            dropout_hazard: number("dropout_hazard"),
            accrual: number("accrual"),
            follow_up: number("minimum_follow_up"),
            allocation: number("allocation_experimental_to_control"),
        };
        check(id, |key| {
            let (name, what) = key.rsplit_once('_')?;
            let method = match name {
                "lachin_foulkes" => Method::LachinFoulkes,
                "schoenfeld" => Method::Schoenfeld,
                "freedman" => Method::Freedman,
                _ => return None,
            };
            let size = design.size(method, number("alpha"), number("power")).ok()?;
            Some(if what == "patients" { size.patients } else { size.events })
        });
    }
}

fn one_to_one(hazard: f64, ratio: f64, dropout: f64, accrual: f64, follow_up: f64) -> ProportionalHazards {
    ProportionalHazards {
        control_hazard: hazard,
        hazard_ratio: ratio,
        dropout_hazard: dropout,
        accrual,
        follow_up,
        allocation: 1.0,
    }
}

#[test]
fn c1_lachin_foulkes() {
    let size = one_to_one(0.2, 0.7, 0.1, 0.5, 1.5).size(Method::LachinFoulkes, 0.025, 0.9).unwrap();
    near(size.patients, 1410.5383, 5e-5);
    near(size.events, 332.712_57, 5e-6);
    near(events(Method::Schoenfeld, 0.7, 1.0, 0.025, 0.9).unwrap().unwrap(), 330.377_91, 5e-6);
}

/// SAS rounds its hazard to four digits, so that its patients agree to a hundredth; nSurv is Lachin and Foulkes'.
#[test]
fn c2_seqdesign_and_n_surv() {
    let fixed = one_to_one(LN_2 / 20.0, 0.5, 0.0, 24.0, 12.0);
    let schoenfeld = fixed.size(Method::Schoenfeld, 0.025, 0.9).unwrap();
    near(schoenfeld.events, 87.4793, 5e-5);
    near(schoenfeld.patients, 197.1152, 0.02);
    let lachin = fixed.size(Method::LachinFoulkes, 0.025, 0.9).unwrap();
    near(lachin.events, 88.280_611, 5e-7);
    near(lachin.patients, 198.931_23, 5e-6);
    // Six patients a month: the months of enrolment are solved.
    let patients = |method| {
        let of = |months: f64| one_to_one(LN_2 / 20.0, 0.5, 0.0, months, 12.0).size(method, 0.025, 0.9).unwrap();
        let months = brent(5.0, 100.0, 1e-10, |months| 6.0 * months - of(months).patients).unwrap();
        (months, of(months))
    };
    near(patients(Method::Schoenfeld).1.patients, 182.1759, 0.02);
    let (months, solved) = patients(Method::LachinFoulkes);
    near(solved.patients, 182.932_83, 5e-6);
    near(solved.events, 87.963_416, 5e-6);
    near(months + 12.0, 42.488_805, 5e-7);
}

/// A group-sequential design multiplies the fixed one by its inflation factor, rates and events alike.
fn inflated(looks: u32, beta_spending: (&str, &[f64]), fixed: &ProportionalHazards) -> (f64, [f64; 2]) {
    let times = equal(looks);
    let efficacy = spending("hwang_shih_decani", &[-4.0], 0.025, &times, &times);
    let down = function(beta_spending.0, beta_spending.1);
    let shape = constant_effect(&times);
    let closed = close(Efficacy::NonBinding(&efficacy), down.as_ref(), 0.1, &times, &times, &shape).unwrap();
    let factor = inflation_factor(closed.scale, 0.025, 0.9);
    let size = fixed.size(Method::LachinFoulkes, 0.025, 0.9).unwrap();
    (factor, [size.patients, size.events])
}

/// gsSurv's own inflation factor is 4e-5 below gsDesign's (its bounds differ from gsDesign's in the fifth digit too).
#[test]
fn c3_gs_surv() {
    let fixed = one_to_one(LN_2 / 6.0, 0.6, 0.0, 12.0, 6.0);
    let (factor, [patients, events]) = inflated(3, ("hwang_shih_decani", &[-2.0]), &fixed);
    near(events * factor / 171.691_666, 1.0, 5e-5);
    near(patients * factor / 267.941_11, 1.0, 5e-5);
}

/// East's events, to the two events that gsDesign's own test allows.
#[test]
fn c4_gs_surv_against_east() {
    let fixed = one_to_one(LN_2 / 6.0, 0.5, LN_2 / 40.0, 24.0, 12.0);
    let (factor, [_, events]) = inflated(4, ("kim_demets", &[0.5]), &fixed);
    for (look, east) in [29.151_489_6, 58.302_979_2, 87.454_468_8, 116.605_958_4].into_iter().enumerate() {
        near(events * factor * (look + 1) as f64 / 4.0, east, 2.0);
    }
}

#[test]
fn c5_schoenfeld_from_event_rates() {
    for (rate, ratio, wanted_events, wanted_patients) in [
        (0.4, 2.289_224_2, 58.524_51, 197.786_66),
        (0.5, 3.106_283_7, 31.248_898, 90.804_254),
        (0.6, 4.106_283_7, 20.120_262, 51.314_209),
    ] {
        let hazard = |rate: f64| -(1.0 - rate).ln() / 12.0;
        let design = one_to_one(hazard(0.2), hazard(rate) / hazard(0.2), 0.0, 12.0, 6.0);
        near(design.hazard_ratio, ratio, 5e-8);
        let size = design.size(Method::Schoenfeld, 0.01, 0.8).unwrap();
        near(size.events, wanted_events, 5e-6);
        near(size.patients, wanted_patients, 5e-6);
    }
}

#[test]
fn c7_three_formulas_at_two_to_one() {
    let design =
        ProportionalHazards { allocation: 2.0, ..one_to_one(LN_2 / 12.0, 0.7, -(0.95_f64.ln()) / 12.0, 18.0, 18.0) };
    for (method, wanted_events, wanted_patients) in [
        (Method::Schoenfeld, 277.635_49, 416.322_52),
        (Method::Freedman, 251.164_15, 376.627_97),
        (Method::HsiehFreedman, 283.540_78, 425.177_67),
    ] {
        let size = design.size(method, 0.025, 0.8).unwrap();
        near(size.events, wanted_events, 5e-6);
        near(size.patients, wanted_patients, 5e-6);
    }
}

/// Interims at 0.3 (futility alone: 1e-5 is spent) and 2/3, futility at a hazard ratio above 1 at the first.
#[test]
fn c10_efficient_interims() {
    near(events(Method::Schoenfeld, 0.75, 1.0, 0.025, 0.8).unwrap().unwrap().ceil(), 380.0, 0.0);
    let times = [0.3, 2.0 / 3.0, 1.0];
    let middle = function("obrien_fleming", &[]).spent(0.025, times[1]);
    let efficacy = {
        let course = SPENDING_THROUGH_POINTS.iter().find(|entry| entry.name == "piecewise_linear").unwrap();
        let course = (course.build)(&[(times[0], 1e-5 / 0.025), (times[1], middle / 0.025)], &[]).unwrap();
        efficacy_bounds(&EfficacyPlan::Spending(course), 0.025, &times, &times).unwrap()
    };
    let mut bounds = efficacy_only(&efficacy);
    bounds.futility[0] = 0.0;
    let shape = constant_effect(&times);
    let drift = drift_for_power(&times, &bounds, &shape, 0.8).unwrap();
    let total = 4.0 * (drift / 0.75_f64.ln()).powi(2);
    near(total.ceil(), 408.0, 0.0);
    for (look, wanted) in [0.462_506_1, 0.737_595_9, 0.820_900_2].into_iter().enumerate() {
        near((-2.0 * efficacy[look] / (total * times[look]).sqrt()).exp(), wanted, 1e-6);
    }
    for (scale, wanted_events) in [(0.0, 264.3069), (drift, 331.0536)] {
        let means: Vec<f64> = shape.iter().map(|s| scale * s).collect();
        let crossing = canonical(&times, &means, &bounds).unwrap();
        let stop = |look: usize| crossing.efficacy[look] + crossing.futility[look];
        let share = times[0] * stop(0) + times[1] * stop(1) + (1.0 - stop(0) - stop(1));
        near(total * share, wanted_events, 1e-3);
        if scale > 0.0 {
            near(stop(0), 0.059_537_9, 1e-6);
            near(stop(1), 0.440_069_4, 1e-6);
        }
    }
}

/// Schoenfeld's figures of table D4 (200 patients over a year, 20 % and 40 % dead by then): 40 events, power 0.7450763.
#[test]
fn d4_schoenfeld_power() {
    let ratio = 0.8_f64.ln() / 0.6_f64.ln();
    near(schoenfeld_power(ratio, 1.0, sf(1.959_963_985), 40.0).unwrap(), 0.745_076_3, 5e-7);
}

#[test]
fn power_at_the_asked_events_is_the_asked_power() {
    for (ratio, allocation, power) in [(0.5, 1.0, 0.9), (0.8, 2.0, 0.75), (1.6, 0.5, 0.99)] {
        let d = events(Method::Schoenfeld, ratio, allocation, 0.025, power).unwrap().unwrap();
        near(schoenfeld_power(ratio, allocation, 0.025, d).unwrap(), power, 1e-12);
    }
    assert!(upper_quantile(0.025) > 1.9599);
    assert!(events(Method::Freedman, 1.0, 1.0, 0.025, 0.9).is_err());
    assert!(one_to_one(0.1, 0.5, -0.1, 12.0, 6.0).size(Method::LachinFoulkes, 0.025, 0.9).is_err());
}
