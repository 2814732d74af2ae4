//! The log-rank statistic in expectation against other programs' figures and independent derivations.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // test helpers

use seamline::protocol::Test;
use seamline::statistics::{Cell, Comparison, Expectation, StratumPair, Timing};
use seamline::survival::{Course, Endpoint, EndpointLaw, HazardRatio, PiecewiseHazard};
use seamline::truth::{Enrollment, EntryLaw};

fn law(control: &PiecewiseHazard, ratio: &HazardRatio) -> EndpointLaw {
    EndpointLaw::of_course(&Course::death_only(ratio.applied_to(control).unwrap()), Endpoint::Os).unwrap()
}

/// Table D6 (gsDesign2 1.1.8): 12 months × 500/12, control median 15, HR 1 for 4 months then 0.6, drop-out 0.001.
#[test]
fn d6_moments_of_the_log_rank_under_delay() {
    let control = PiecewiseHazard::from_median(15.0).unwrap();
    let laws =
        [law(&control, &HazardRatio::one()), law(&control, &HazardRatio::new(&[0.0, 4.0], &[1.0, 0.6]).unwrap())];
    let dropout = PiecewiseHazard::constant(0.001).unwrap();
    let enrollment = Enrollment::new(&[0.0], &[500.0 / 12.0]).unwrap();
    let entry = EntryLaw::window(&enrollment, 0.0, 500.0, 0.0);
    let arms = [0, 1].map(|g: usize| Cell { law: &laws[g], dropout: &dropout });
    let comparison = Comparison {
        strata: vec![StratumPair { prevalence: 1.0, arms }],
        shares: [0.5, 0.5],
        entry: &entry,
        patients: 500.0,
    };
    let expectation = Expectation::new(&Test::log_rank().statistics, &comparison, &[12.0, 24.0, 36.0]).unwrap();
    let events = [107.394_27, 246.283_41, 331.290_97];
    let ahr = [0.839_537_14, 0.714_518_39, 0.683_199_55];
    let delta = [-0.009_239_220_5, -0.040_920_239_1, -0.062_422_188_0];
    let sigma2 = [0.053_681_789, 0.122_704_324, 0.163_835_333];
    for k in 0..3 {
        let m = expectation.at(0, k);
        let found = 500.0 * expectation.events(k);
        assert!((found - events[k]).abs() < 1e-5, "events {found}");
        assert!((expectation.table().average_hazard_ratio(k).unwrap() - ahr[k]).abs() < 1e-8);
        // gsDesign2 leaves these two to R's `integrate`, whose default relative tolerance is 1.2e-4.
        assert!((-m.effect / delta[k] - 1.0).abs() < 1.2e-4, "mean {} against {}", -m.effect, delta[k]);
        assert!((m.variance / sigma2[k] - 1.0).abs() < 1.2e-4, "variance {} against {}", m.variance, sigma2[k]);
    }
}

/// A two-arm illness–death comparison of one endpoint at 1:1, one stratum.
fn illness_death(
    courses: [Course; 2],
    endpoint: Endpoint,
    dropout: f64,
    rates: &[f64],
    starts: &[f64],
    n: f64,
    months: &[f64],
) -> (Expectation, f64) {
    let laws = courses.map(|course| EndpointLaw::of_course(&course, endpoint).unwrap());
    let dropout = PiecewiseHazard::constant(dropout).unwrap();
    let enrollment = Enrollment::new(starts, rates).unwrap();
    let entry = EntryLaw::window(&enrollment, 0.0, n, 0.0);
    let arms = [0, 1].map(|g: usize| Cell { law: &laws[g], dropout: &dropout });
    let comparison = Comparison {
        strata: vec![StratumPair { prevalence: 1.0, arms }],
        shares: [0.5, 0.5],
        entry: &entry,
        patients: n,
    };
    (Expectation::new(&Test::log_rank().statistics, &comparison, months).unwrap(), n)
}

fn course(progression: f64, death: f64, after: f64) -> Course {
    Course {
        progression: PiecewiseHazard::constant(progression).unwrap(),
        death: PiecewiseHazard::constant(death).unwrap(),
        after_baseline: PiecewiseHazard::constant(after).unwrap(),
        clock: seamline::survival::Clock::SinceRandomization,
        after_effect: HazardRatio::one(),
        product_at: 0.0,
    }
}

/// Table J2: Markov illness–death under the null; events, V, and Var U = V with independent increments.
#[test]
fn j2_null_variances_of_pfs_and_os() {
    let dropout = -(0.9f64.ln()) / 12.0;
    for (endpoint, events, variances) in [
        (Endpoint::Pfs, [224.224, 446.271, 535.035], [56.056, 111.567_8, 133.758_8]),
        (Endpoint::Os, [110.606, 294.559, 448.824], [27.651_5, 73.639_7, 112.206_1]),
    ] {
        let one = || course(0.10, 0.02, 0.12);
        let (expectation, n) =
            illness_death([one(), one()], endpoint, dropout, &[20.0, 40.0], &[0.0, 6.0], 600.0, &[15.0, 24.0, 36.0]);
        for k in 0..3 {
            let m = expectation.at(0, k);
            let found = n * expectation.events(k);
            assert!((found - events[k]).abs() < 5e-4 + 5e-4, "{} events {found}", endpoint.name());
            assert!((n * m.variance - variances[k]).abs() < 5e-5 + 5e-5 * 2.0, "V {}", n * m.variance);
        }
        for timing in [Timing::Calendar, Timing::Events] {
            let (means, covariance) = expectation.joint_law(&[timing; 3]);
            for j in 0..3 {
                assert!(means[j].abs() < 1e-10);
                for k in j..3 {
                    let canonical = (expectation.at(0, j).variance / expectation.at(0, k).variance).sqrt();
                    assert!(
                        (covariance[(j, k)] - canonical).abs() < 1e-9,
                        "{j} {k} {} {canonical}",
                        covariance[(j, k)]
                    );
                }
            }
        }
    }
}

/// Table J1 (FastSurvival vignette's design, quadrature figures): drift U/√V of PFS and OS.
#[test]
fn j1_drift_of_pfs_and_os() {
    let months = [15.26, 18.97, 24.01];
    let dropout = -(0.9f64.ln()) / 12.0;
    let ln2 = std::f64::consts::LN_2;
    // λ12 = λ02: OS exponential with the median 14 or 18; PFS exponential with median 6 or 9.
    let arm = |pfs: f64, os: f64| course(ln2 / pfs - ln2 / os, ln2 / os, ln2 / os);
    for (endpoint, drift, events) in [
        (Endpoint::Pfs, [2.8530, 3.5008, 4.0467], [199.59, 299.94, 399.72]),
        (Endpoint::Os, [1.3244, 1.6575, 1.9847], [111.73, 174.85, 250.36]),
    ] {
        let (expectation, n) = illness_death(
            [arm(6.0, 14.0), arm(9.0, 18.0)],
            endpoint,
            dropout,
            &[20.0, 40.0],
            &[0.0, 6.0],
            600.0,
            &months,
        );
        let means = expectation.means();
        for k in 0..3 {
            // Months are given to two decimals: events move by up to 0.005 · 40 a month.
            assert!((n * expectation.events(k) - events[k]).abs() < 0.1, "{}", n * expectation.events(k));
            assert!((means[k] - drift[k]).abs() < 2e-3, "{} {} {}", endpoint.name(), means[k], drift[k]);
        }
    }
}
