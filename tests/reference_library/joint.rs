//! PFS and OS tested in the same trial, each at its own number of events: simulated patients of the library against simIDM and an
//! independent simulator.

use crate::{case, check};
use seamline::engine::simulation::random::Stream;
use seamline::engine::simulation::{Blocks, Latents, Nature, Patients};
use seamline::scenario::Scenario;
use seamline::statistics::{FollowUp, Role};
use serde_json::{Value, json};

/// Trials: with the source's 100,000 the standard error of a difference of powers is below 0.0033, and the tolerance is 2.5 of them.
const TRIALS: u64 = 30_000;

fn truth(input: &Value) -> seamline::truth::Truth {
    let file = json!({
        "seamline": 1,
        "truth": {
            "enrollment": input["enrollment"], "dropout": input["dropout"],
            "control": input["control"], "arms": input["arms"]
        },
        "protocol": {
            "arms": ["control", "vaccine"], "allocation": {"control": 1, "vaccine": 1}, "patients": input["patients"],
            "alpha": 0.025,
            "primary": {"endpoint": "os", "test": "logrank"},
            "analyses": [{"name": "final", "when": {"events": input["events"]["os"]}}],
            "efficacy": {"spending": "obrien_fleming"}
        }
    });
    let scenario = Scenario::from_json(&file.to_string(), &[]).unwrap();
    scenario.candidates[0].truths[0].1.clone()
}

/// Month of the `count`th event.
fn month(patients: &Patients, death: bool, count: usize, months: &mut Vec<f64>) -> f64 {
    months.clear();
    let events = patients.event(death).iter().zip(&patients.dropout).zip(&patients.entry);
    months.extend(events.filter(|((event, dropout), _)| event <= dropout).map(|((event, _), entry)| entry + event));
    *months.select_nth_unstable_by(count - 1, f64::total_cmp).1
}

pub fn e_power_joint() {
    for id in ["e-power-constant-joint", "e-power-delay3-joint"] {
        let input = case(id)["input"].clone();
        let truth = truth(&input);
        let nature = Nature::new(&truth).unwrap();
        let size = input["patients"].as_u64().unwrap() as usize;
        let of = |key: &str| [&input[key]["pfs"], &input[key]["os"]].map(|value| value.as_f64().unwrap());
        let (counts, bounds) = (of("events"), of("z_bound"));
        let mut latents = Latents::new(&truth, size);
        let mut patients = Patients::with_capacity(size);
        patients.resize(size);
        let mut blocks = Blocks::with_capacity(2);
        blocks.set(&[1, 1], |_| true);
        let mut follow_up = FollowUp::with_capacity(size);
        let (mut months, mut rejections, mut sums) = (Vec::new(), [0_u32; 4], [0.0; 7]);
        for replicate in 0..TRIALS {
            let stream = Stream::new(20_261_122, replicate);
            latents.clear();
            latents.draw_arrivals(&stream, &truth, size);
            latents.draw_courses(&stream, &truth, size);
            patients.entry.copy_from_slice(&latents.arrival);
            blocks.allot(&stream, 0, &mut patients.arm);
            patients.realise(&nature, &latents, 0..size);
            let found = [false, true].map(|death| {
                let cut = month(&patients, death, counts[usize::from(death)] as usize, &mut months);
                follow_up.rebuild(&patients.entry, patients.event(death), &patients.dropout, &patients.cell);
                (cut, follow_up.log_rank(cut, &[Role::Control, Role::Treated]).z())
            });
            let [(pfs_month, pfs), (os_month, os)] = found;
            let rejected = [pfs >= bounds[0], os >= bounds[1]];
            for (tally, hit) in rejections.iter_mut().zip([
                rejected[0],
                rejected[1],
                rejected[0] && rejected[1],
                rejected[0] || rejected[1],
            ]) {
                *tally += u32::from(hit);
            }
            for (sum, value) in sums.iter_mut().zip([pfs, os, pfs * pfs, os * os, pfs * os, pfs_month, os_month]) {
                *sum += value;
            }
        }
        let trials = TRIALS as f64;
        let mean = sums.map(|sum| sum / trials);
        let covariance = mean[4] - mean[0] * mean[1];
        let correlation = covariance / ((mean[2] - mean[0] * mean[0]) * (mean[3] - mean[1] * mean[1])).sqrt();
        let power = rejections.map(|count| f64::from(count) / trials);
        check(id, |key| match key {
            "power_pfs" => Some(power[0]),
            "power_os" => Some(power[1]),
            "power_both" => Some(power[2]),
            "power_at_least_one" => Some(power[3]),
            "correlation_of_z" => Some(correlation),
            "month_pfs" => Some(mean[5]),
            "month_os" => Some(mean[6]),
            _ => None,
        });
    }
}
