//! Covariances between endpoints and with a biomarker: cases J of the literature and the properties they must have.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // test helpers

use seamline::protocol::Test;
use seamline::statistics::{
    Cell, Comparison, Expectation, JointScores, MarkovArm, ReadArm, ReadingScores, StratumPair, Timing,
};
use seamline::survival::{Clock, Course, Endpoint, EndpointLaw, HazardRatio, PiecewiseHazard};
use seamline::truth::{Enrollment, EntryLaw, Missing};

fn hazard(rate: f64) -> PiecewiseHazard {
    PiecewiseHazard::constant(rate).unwrap()
}

/// 600 patients, 20 a month for 6 months, then 40.
fn entry() -> EntryLaw {
    EntryLaw::window(&Enrollment::new(&[0.0, 6.0], &[20.0, 40.0]).unwrap(), 0.0, 600.0, 0.0)
}

/// Ten per cent a year.
fn dropout() -> PiecewiseHazard {
    hazard(-(0.9f64.ln()) / 12.0)
}

fn markov(rates: [f64; 3]) -> MarkovArm {
    let [progression, death, death_after_progression] = rates.map(hazard);
    MarkovArm { progression, death, death_after_progression, dropout: dropout() }
}

fn scores(rates: [[f64; 3]; 2], end: f64) -> JointScores {
    JointScores::new(rates.map(markov), [0.5, 0.5], entry(), end)
}

/// Expectation of one endpoint's log-rank at the given months.
fn one_endpoint(rates: [[f64; 3]; 2], endpoint: Endpoint, months: &[f64]) -> Expectation {
    let laws = rates.map(|[progression, death, after]| {
        let course = Course {
            progression: hazard(progression),
            death: hazard(death),
            after_baseline: hazard(after),
            after_effect: HazardRatio::one(),
            clock: Clock::SinceRandomization,
            ..Course::death_only(hazard(death))
        };
        EndpointLaw::of_course(&course, endpoint).unwrap()
    });
    let (dropout, entry) = (dropout(), entry());
    let arms = [0, 1].map(|g: usize| Cell { law: &laws[g], dropout: &dropout });
    let strata = vec![StratumPair { prevalence: 1.0, arms }];
    let comparison = Comparison { strata, shares: [0.5, 0.5], entry: &entry, patients: 600.0 };
    Expectation::new(&Test::log_rank().statistics, &comparison, months).unwrap()
}

/// Sd of the score per patient at each look, from Var U of the same influences.
fn score_sd(rates: [[f64; 3]; 2], endpoint: Endpoint, months: &[f64]) -> Vec<f64> {
    let expectation = one_endpoint(rates, endpoint, months);
    (0..months.len()).map(|look| expectation.at(0, look).variance.sqrt()).collect()
}

const J2: [f64; 3] = [0.10, 0.02, 0.12];
const LOOKS: [f64; 3] = [15.0, 24.0, 36.0];

/// Table J2: a Markov null with death after progression six times as fast.
#[test]
fn j2_correlations_under_the_null() {
    let joint = scores([J2, J2], 36.0);
    let progression = score_sd([J2, J2], Endpoint::Pfs, &LOOKS);
    let death = score_sd([J2, J2], Endpoint::Os, &LOOKS);
    for (sd, expected) in progression.iter().chain(&death).zip([56.056, 111.5678, 133.7588, 27.6515, 73.6397, 112.2061])
    {
        assert!((600.0 * sd * sd - expected).abs() < 1e-4 * expected, "{} {expected}", 600.0 * sd * sd);
    }
    let expected = [[0.57307, 0.50834, 0.44255], [0.40621, 0.62652, 0.62946], [0.37098, 0.57219, 0.67198]];
    for (i, row) in expected.iter().enumerate() {
        for (j, expected) in row.iter().enumerate() {
            let found = joint.covariance(LOOKS[i], LOOKS[j]) / (progression[i] * death[j]);
            // The table's own quadrature has four to five digits.
            assert!((found - expected).abs() < 1.5e-4, "({i}, {j}): {found} {expected}");
        }
    }
}

/// Table J1: medians 6 and 9, 14 and 18, death equally fast before and after progression (Fleischer et al. 2009).
#[test]
fn j1_correlations_under_an_alternative() {
    let of = |pfs: f64, os: f64| {
        let (first, death) = (2f64.ln() / pfs, 2f64.ln() / os);
        [first - death, death, death]
    };
    let rates = [of(6.0, 14.0), of(9.0, 18.0)];
    let months = [15.26, 18.97, 24.01];
    let joint = scores(rates, 25.0);
    let expected = [2.8530, 3.5008, 4.0467, 1.3244, 1.6575, 1.9847];
    let expectations = [Endpoint::Pfs, Endpoint::Os].map(|endpoint| one_endpoint(rates, endpoint, &months));
    for (i, expected) in expected.into_iter().enumerate() {
        let drift = 600f64.sqrt() * expectations[i / 3].at(0, i % 3).mean();
        assert!((drift - expected).abs() < 6e-4, "drift {drift} {expected}");
    }
    // The table is for simple randomisation: arms' means vary too.
    let mean = |endpoint: usize, g: usize, look: usize| {
        let found = joint.moments(g, months[look], months[look]);
        if endpoint == 0 { found.progression } else { found.death }
    };
    let sd = |endpoint: usize, look: usize| {
        let table = expectations[endpoint].table();
        let stratum = &table.strata[0];
        let parts = [0.0, 1.0].map(|g| {
            let at = |i: usize| {
                let jump = g - stratum.experimental_share[i];
                (jump, jump * stratum.pooled_hazard[i])
            };
            vec![(0..stratum.pooled_hazard.len()).map(at).unzip()]
        });
        let influence = table.influence(look, parts);
        let within = table.covariance(&influence, &influence);
        (within + 0.25 * (mean(endpoint, 1, look) - mean(endpoint, 0, look)).powi(2)).sqrt()
    };
    let expected = [[0.6135, 0.4898, 0.4084], [0.4977, 0.6010, 0.5015], [0.4300, 0.5184, 0.5797]];
    for (i, row) in expected.iter().enumerate() {
        for (j, expected) in row.iter().enumerate() {
            let between = 0.25 * (mean(0, 1, i) - mean(0, 0, i)) * (mean(1, 1, j) - mean(1, 0, j));
            let found = (joint.covariance(months[i], months[j]) + between) / (sd(0, i) * sd(1, j));
            assert!((found - expected).abs() < 1.5e-4, "({i}, {j}): {found} {expected}");
        }
    }
}

/// Properties (b), (c) and (d) of the joint law of the two scores.
#[test]
fn properties_of_the_joint_scores() {
    // (b) Death as fast after progression as before it, under the null: π₀π₁ times the expected deaths without progression.
    let rates = [0.09, 0.03, 0.03];
    let joint = scores([rates, rates], 40.0);
    let direct = |t: f64| {
        // Deaths without progression by t, per patient: hazard λ02 among those free of progression and drop-out.
        let panels = seamline::numerics::panels::Panels::new(entry().kinks().iter().map(|e| t - e), t, |_, _| 4.0);
        let leaving = rates[0] + rates[1] + dropout().rates()[0];
        panels.integrate_with(|i| {
            let s = panels.nodes()[i];
            rates[1] * (-leaving * s).exp() * entry().share_by(t - s)
        })
    };
    for (t, later) in [(12.0, 12.0), (12.0, 30.0), (30.0, 12.0), (25.0, 40.0)] {
        let (found, expected) = (joint.covariance(t, later), 0.25 * direct(f64::min(t, later)));
        assert!((found - expected).abs() < 1e-9, "{t} {later}: {found} {expected}");
    }
    // (c) Under any Markov null later looks at progression add nothing.
    let joint = scores([J2, J2], 40.0);
    for later in [12.0, 24.0] {
        let first = joint.covariance(later, later);
        for t in [later + 3.0, later + 14.0] {
            let found = joint.covariance(t, later);
            assert!((found - first).abs() < 1e-9, "{t} {later}: {found} {first}");
        }
    }
    // (d) Later looks at death do.
    let first = joint.covariance(15.0, 15.0);
    assert!(joint.covariance(15.0, 24.0) > 1.2 * first);
}

/// Property (a) and the shape of the law of one endpoint at two looks: under the null Cov(U(t), U(t')) = V(t ∧ t').
#[test]
fn one_endpoint_has_independent_increments_under_the_null() {
    for endpoint in [Endpoint::Pfs, Endpoint::Os] {
        let expectation = one_endpoint([J2, J2], endpoint, &LOOKS);
        let (_, covariance) = expectation.joint_law(&[Timing::Calendar; 3]);
        for j in 0..3 {
            for k in j..3 {
                let expected = (expectation.at(0, j).variance / expectation.at(0, k).variance).sqrt();
                assert!((covariance[(j, k)] - expected).abs() < 1e-9, "{j} {k} {} {expected}", covariance[(j, k)]);
            }
        }
    }
}

/// Table F1: correlation of the early progression statistic with later increments of overall survival, which makes selection on it
/// unsafe with calendar increments.
#[test]
fn f1_increments_of_survival_are_correlated_with_early_progression() {
    let months = [15.0, 16.0, 18.0, 20.0, 24.0, 30.0, 36.0, 48.0, 60.0];
    let joint = scores([J2, J2], 60.0);
    let (progression, death) = (score_sd([J2, J2], Endpoint::Pfs, &months), score_sd([J2, J2], Endpoint::Os, &months));
    let early = joint.covariance(15.0, 15.0);
    for (k, expected) in [0.1293, 0.1819, 0.1963, 0.1989, 0.1901, 0.1821, 0.1737, 0.1710].into_iter().enumerate() {
        let spread = (death[k + 1].powi(2) - death[0].powi(2)).sqrt();
        let found = (joint.covariance(15.0, months[k + 1]) - early) / (progression[0] * spread);
        assert!((found - expected).abs() < 1.5e-4, "month {}: {found} {expected}", months[k + 1]);
    }
    // F2: with λ12 = λ02 there is none.
    let rates = [0.10, 0.02, 0.02];
    let joint = scores([rates, rates], 36.0);
    assert!((joint.covariance(15.0, 36.0) - joint.covariance(15.0, 15.0)).abs() < 1e-9);
}

/// Table J4: a prognostic biomarker and overall survival under the null.
#[test]
fn j4_biomarker_and_survival() {
    let arm = ReadArm { responders: 0.3, hazards: [hazard(0.07), hazard(0.03)], dropout: dropout() };
    let reading = ReadingScores { arms: [arm.clone(), arm], shares: [0.5, 0.5], entry: entry(), measured_at: 3.0 };
    let sds: [f64; 3] = [5.7497, 8.5837, 10.0994];
    let cases = [
        (Missing::NonResponse, 0.26705, 0.04664, [-0.2839, -0.2898, -0.3089]),
        (Missing::LeftOut, 0.32579, 0.05457, [-0.1170, -0.1822, -0.2201]),
    ];
    for (unread, rate, sd, correlations) in cases {
        assert!((reading.reading(1, 15.0, unread)[1] - rate).abs() < 6e-6);
        let found = (reading.variance(15.0, unread) / 600.0).sqrt();
        assert!((found - sd).abs() < 6e-6, "{found} {sd}");
        for (k, expected) in correlations.into_iter().enumerate() {
            let correlation = reading.covariance(15.0, LOOKS[k], unread) / (found * sds[k]);
            assert!((correlation - expected).abs() < 6e-5, "{unread:?} {k}: {correlation} {expected}");
        }
    }
    let increment = (sds[1].powi(2) - sds[0].powi(2)).sqrt();
    let sd = (reading.variance(15.0, Missing::NonResponse) / 600.0).sqrt();
    let later =
        reading.covariance(15.0, 24.0, Missing::NonResponse) - reading.covariance(15.0, 15.0, Missing::NonResponse);
    assert!((later / (sd * increment) + 0.134).abs() < 6e-4, "{}", later / (sd * increment));
}

/// Tables F1 and F2: correlation of the PFS statistic at month 15 with what OS adds until t₂, and the level of a fixed-weight inverse
/// normal test whose t₂ is chosen, at worst, by what PFS and OS have shown.
#[test]
fn f1_f2_increments_after_a_look_at_another_endpoint() {
    use seamline::numerics::normal::{pdf, sf, upper_quantile};
    use seamline::numerics::quadrature::legendre;
    const LATER: [f64; 8] = [16.0, 18.0, 20.0, 24.0, 30.0, 36.0, 48.0, 60.0];
    let months: Vec<f64> = std::iter::once(15.0).chain(LATER).collect();
    let correlations = |rates: [f64; 3]| {
        let joint = scores([rates, rates], 60.0);
        let progression = score_sd([rates, rates], Endpoint::Pfs, &[15.0])[0];
        let death = score_sd([rates, rates], Endpoint::Os, &months);
        let at_15 = joint.covariance(15.0, 15.0);
        let link = at_15 / (progression * death[0]);
        let increments: Vec<f64> = (1..months.len())
            .map(|k| {
                let sd = (death[k] * death[k] - death[0] * death[0]).sqrt();
                (joint.covariance(15.0, months[k]) - at_15) / (progression * sd)
            })
            .collect();
        (link, increments)
    };
    // X = ρZ₁ + √(1−ρ²)U, Z₂(t₂) = r'U + …, r' = r/√(1−ρ²): given (Z₁, U) the best of the looks.
    let worst = |weight: f64, link: f64, increments: &[f64]| {
        let critical = upper_quantile(0.025);
        let slopes: Vec<f64> = increments.iter().map(|r| r / (1.0 - link * link).sqrt()).collect();
        let nodes: Vec<(f64, f64)> =
            (-16..16).flat_map(|i| legendre(6).on(0.5 * f64::from(i), 0.5 * f64::from(i + 1))).collect();
        let mut level = 0.0;
        for &(first, one) in &nodes {
            let needed = (critical - weight.sqrt() * first) / (1.0 - weight).sqrt();
            for &(u, two) in &nodes {
                let chance = |r: &f64| sf((needed - r * u) / (1.0 - r * r).sqrt());
                level += one * two * pdf(first) * pdf(u) * slopes.iter().map(chance).fold(0.0, f64::max);
            }
        }
        level
    };
    let (link, increments) = correlations(J2);
    for (found, expected) in increments.iter().zip([0.1293, 0.1819, 0.1963, 0.1989, 0.1901, 0.1821, 0.1737, 0.1710]) {
        // The table's own quadrature has four digits.
        assert!((found - expected).abs() < 2e-4, "{found} {expected}");
    }
    for (weight, expected) in [(0.5, 0.026_430), (0.25, 0.026_752)] {
        let level = worst(weight, link, &increments);
        assert!((level - expected).abs() < 2e-5, "{weight}: {level} {expected}");
    }
    // F2: death as fast before progression as after it. A progression says nothing, and the level is that of the test.
    let (link, increments) = correlations([0.10, 0.02, 0.02]);
    assert!(increments.iter().all(|r| r.abs() < 1e-4), "{increments:?}");
    assert!((worst(0.5, link, &increments) - 0.025).abs() < 2e-5);
}
