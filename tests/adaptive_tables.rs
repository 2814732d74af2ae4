//! Published and derived tables of adaptive designs (B, F and G), and the table of what is safe for survival, by other methods than
//! the engines'.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // test helpers

mod uniform;

use seamline::adaptive::combination::InverseNormal;
use seamline::adaptive::intersection::dunnett;
use seamline::adaptive::populations::correlation;
use seamline::numerics::bivariate;
use seamline::numerics::normal::{pdf, quantile, upper_quantile};
use seamline::numerics::quadrature::legendre;
use seamline::sequential::conditional::final_conditional_power;
use uniform::Uniform;

/// B9: gsDesign2's conditional power, θ = (0.1, 0.2), I = (15, 35), z = 1.5, bound 1.96.
#[test]
fn b9_conditional_power() {
    let information = [15.0_f64, 35.0];
    let means = [0.1 * information[0].sqrt(), 0.2 * information[1].sqrt()];
    let found = final_conditional_power(&information, &means, 1.96, 0, 1.5).unwrap();
    assert!((found - 0.474_500_72).abs() < 5e-9, "{found}");
}

/// B16: Proschan and Hunsberger's worst case.
#[test]
fn b16_worst_case_of_a_free_second_stage() {
    for (alpha, expected) in [(0.025, 0.061_625_02), (0.05, 0.114_630_68)] {
        assert!((seamline::adaptive::fisher::worst_case_level(alpha) - expected).abs() < 5e-9);
    }
}

/// Family-wise error under the null of: stage 1 with Dunnett, the best of `arms` by an early statistic X, stage 2 of the chosen arm,
/// inverse normal; `closed` tests every intersection, else that of all arms and the arm itself (the same for two). `link` is Corr(X, Z₁) within an arm and `later` Corr(X, Z₂); two arms' statistics have correlation ½.
fn best_by_early(arms: usize, weight: f64, [link, later]: [f64; 2], closed: bool, draws: u32) -> (f64, f64) {
    let mut uniform = Uniform(20_261_122);
    let mut normal = || quantile(uniform.inside());
    let critical = upper_quantile(0.025);
    let (first_weight, second_weight) = (weight.sqrt(), (1.0 - weight).sqrt());
    // Z₂ on (X, Z₁), with Corr(Z₁, Z₂) = 0.
    let slope = later / (1.0 - link * link);
    let rest = (1.0 - later * slope).sqrt();
    let half = 0.5_f64.sqrt();
    let mut rejected = 0_u32;
    let shares = vec![0.5; arms];
    let (mut early, mut final_z) = (vec![0.0; arms], vec![0.0; arms]);
    for _ in 0..draws {
        // Arm minus control, standardised: each part is shared half.
        let (control_early, control_own) = (normal(), normal());
        for arm in 0..arms {
            let x = half * (normal() - control_early);
            let own = half * (normal() - control_own);
            early[arm] = x;
            final_z[arm] = link * x + (1.0 - link * link).sqrt() * own;
        }
        let chosen = (0..arms).max_by(|&a, &b| early[a].total_cmp(&early[b])).unwrap();
        let (x, z) = (early[chosen], final_z[chosen]);
        let second = slope * (x - link * z) + rest * normal();
        let needed = (critical - second_weight * second) / first_weight;
        // The arm itself.
        if z < needed {
            continue;
        }
        let falls = |set: u32| {
            let members: Vec<f64> = (0..arms).filter(|arm| set >> arm & 1 == 1).map(|arm| final_z[arm]).collect();
            let largest = members.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            upper_quantile(dunnett::any_above(&vec![largest; members.len()], &shares[..members.len()])) >= needed
        };
        let everybody = (1 << arms) - 1;
        let all_fall =
            if closed { (0..=everybody).filter(|set| set >> chosen & 1 == 1).all(falls) } else { falls(everybody) };
        rejected += u32::from(all_fall);
    }
    let share = f64::from(rejected) / f64::from(draws);
    (share, (share * (1.0 - share) / f64::from(draws)).sqrt())
}

/// F4, the table of what is safe (methods, section 5.6): an arm chosen by PFS, stage 2 the increments of OS. Safe where r = 0, inflated
/// by as much as the table says where r is that of case F1. The table tests the intersection of all arms and the arm itself; its own
/// standard error is 8e-5.
#[test]
fn f4_increments_after_a_choice_by_another_endpoint() {
    // Corr(X, Z₁) of F1 at month 15.
    let link = 0.573_07;
    for (arms, weight, later, expected) in [
        (2, 0.5, 0.0, 0.022_18),
        (2, 0.25, 0.0, 0.022_86),
        (4, 0.25, 0.0, 0.022_40),
        (2, 0.5, 0.1989, 0.024_28),
        (2, 0.25, 0.1989, 0.025_76),
        (3, 0.25, 0.1989, 0.027_28),
        (4, 0.5, 0.1989, 0.025_56),
        (4, 0.25, 0.1989, 0.028_45),
    ] {
        let (found, se) = best_by_early(arms, weight, [link, later], false, 250_000);
        println!("{arms} arms, w {weight}, r {later}: {found:.5} ± {se:.5} (table {expected})");
        assert!((found - expected).abs() < 4.0 * se.hypot(8e-5), "{arms} {weight} {later}: {found} {expected}");
    }
    // The whole closed test rejects less: what it loses by the other intersections.
    let (all, se) = best_by_early(4, 0.25, [link, 0.1989], true, 250_000);
    println!("closed: {all:.5} ± {se:.5}");
    assert!(all < 0.028_45 - 4.0 * se, "{all}");
    // F3: Corr(X, Z₁) = 0.6392, r = 0.2855.
    let (found, se) = best_by_early(4, 0.25, [0.6392, 0.2855], false, 250_000);
    assert!((found - 0.031_93).abs() < 4.0 * se.hypot(8e-5), "{found}");
}

/// F5: the valid design. However closely the early statistic is linked to the final one, the level holds; the test is the less
/// conservative the closer the link.
#[test]
fn f5_other_patients_in_stage_two() {
    for (link, expected) in [(0.0, 0.018_68), (0.3, 0.020_96), (0.5, 0.022_32), (0.999_999, 0.024_98)] {
        let (found, se) = best_by_early(2, 0.25, [link, 0.0], true, 250_000);
        println!("corr {link}: {found:.5} ± {se:.5} (table {expected})");
        assert!((found - expected).abs() < 4.0 * se.hypot(8e-5), "{link}: {found} {expected}");
    }
}

/// P(max over u in [first, 1] of B(u)/√u ≥ b) at b = −4, −3.75, …: in log u the process is stationary with correlation e^{−δ/2} over a step
/// δ. A recursion by Gauss–Legendre panels, the bound lowered by 0.5826√δ for what happens between them (Siegmund
/// 1985; −ζ(½)/√(2π)).
struct Highest(Vec<f64>);

/// Length of a step of ln u, about.
const STEP: f64 = 0.0115;

impl Highest {
    fn new(first: f64) -> Self {
        let steps = (-first.ln() / STEP).ceil();
        let step = -first.ln() / steps;
        let (keep, sd) = ((-0.5 * step).exp(), (1.0 - (-step).exp()).sqrt());
        let at = |b: f64| {
            let bound = b - 0.5826 * step.sqrt();
            let (low, panels) = (-7.5_f64, 40);
            let width = (bound - low) / f64::from(panels);
            let nodes: Vec<(f64, f64)> = (0..panels)
                .flat_map(|i| legendre(8).on(low + width * f64::from(i), low + width * f64::from(i + 1)))
                .collect();
            let kernel: Vec<f64> = nodes
                .iter()
                .flat_map(|&(y, _)| nodes.iter().map(move |&(z, weight)| weight * pdf((y - keep * z) / sd) / sd))
                .collect();
            let mut density: Vec<f64> = nodes.iter().map(|&(z, _)| pdf(z)).collect();
            for _ in 0..steps as usize {
                let row = |row: &[f64]| row.iter().zip(&density).map(|(k, f)| k * f).sum::<f64>();
                density = kernel.chunks(nodes.len()).map(row).collect();
            }
            1.0 - nodes.iter().zip(&density).map(|((_, weight), f)| weight * f).sum::<f64>()
        };
        Self((0..=48).map(|k| at(0.25 * f64::from(k) - 4.0)).collect())
    }

    /// By the cubic through four neighbours.
    fn at(&self, b: f64) -> f64 {
        let place = (b + 4.0) / 0.25;
        if place <= 0.0 {
            return 1.0;
        }
        if place >= 48.0 {
            return 0.0;
        }
        let first = (place as usize).saturating_sub(1).min(45);
        let x = place - first as f64;
        let p = &self.0[first..first + 4];
        -p[0] * (x - 1.0) * (x - 2.0) * (x - 3.0) / 6.0 + p[1] * x * (x - 2.0) * (x - 3.0) / 2.0
            - p[2] * x * (x - 1.0) * (x - 3.0) / 2.0
            + p[3] * x * (x - 1.0) * (x - 2.0) / 6.0
    }

    /// Level of w₁·max B(u)/√u + w₂Z₂ ≥ c.
    fn level(&self, weight: f64, critical: f64) -> f64 {
        let integrand = |z: f64| pdf(z) * self.at((critical - (1.0 - weight).sqrt() * z) / weight.sqrt());
        (-16..16).map(|k| legendre(6).integrate(0.5 * f64::from(k), 0.5 * f64::from(k + 1), integrand)).sum()
    }
}

/// F6: patient-wise separation without an end of follow-up fixed in advance is not valid (Magirr et al. 2016). The table is a Monte Carlo
/// with a tolerance of 0.001.
#[test]
fn f6_an_end_of_follow_up_chosen_later() {
    for (first, levels, criticals) in [
        (0.75, [0.0394, 0.0467, 0.0528], Some([2.164, 2.243, 2.302])),
        (0.5, [0.0491, 0.0621, 0.0744], Some([2.264, 2.378, 2.461])),
        (0.25, [0.0612, 0.0829, 0.1027], Some([2.369, 2.517, 2.622])),
        (0.1, [0.0741, 0.1057, 0.1366], None),
    ] {
        let highest = Highest::new(first);
        for (i, weight) in [0.25, 0.5, 0.75].into_iter().enumerate() {
            let found = highest.level(weight, upper_quantile(0.025));
            println!("w {weight}, u {first}: {found:.4} (table {})", levels[i]);
            assert!((found - levels[i]).abs() < 0.001, "{weight} {first}: {found} {}", levels[i]);
            // The critical value that holds the level whatever the end, to three decimals.
            if let Some(criticals) = criticals {
                let level = highest.level(weight, criticals[i]);
                assert!((level - 0.025).abs() < 0.0005, "{first} {weight}: {level}");
            }
        }
    }
}

/// G1: conditional levels of multi-arm multi-stage designs on an intermediate outcome (Royston et al. 2011, table 4), Corr = √(e₁/e₂) of
/// the control events within an outcome.
#[test]
fn g1_conditional_levels_of_royston() {
    for ([first, second], [e1, e2], derived, published) in [
        ([0.5, 0.25], [73.0_f64, 140.0], 0.4418, 0.441),
        ([0.2, 0.1], [159.0, 217.0], 0.4295, 0.427),
        ([0.1, 0.05], [217.0, 272.0], 0.4236, 0.423),
    ] {
        let both = bivariate::upper(upper_quantile(first), upper_quantile(second), (e1 / e2).sqrt());
        let conditional = both / first;
        assert!((conditional - derived).abs() < 6e-5, "{conditional} {derived}");
        assert!((conditional - published).abs() < 0.003, "{conditional} {published}");
    }
}

/// G8: asd's treatsel.sim, select the best of two by an early outcome (effects 0.3 and 0, correlation 0.3 with the final one, 100 patients an
/// arm in stage 1, 300 in the end), 10,000 trials; dropped arms are not followed up.
#[test]
fn g8_selection_on_an_early_outcome() {
    let (null, se) = null_not_followed(0.3, 1.0 / 3.0, 250_000);
    println!("null {null:.5} ± {se:.5}");
    // 1.89 %, of 10,000 trials.
    assert!((null - 0.0189).abs() < 4.0 * se.hypot((0.0189_f64 * 0.9811 / 10_000.0).sqrt()), "{null}");
}

/// Level where the dropped arm's stage 1 counts as nothing: the pair's p-value is Dunnett's for two arms at the chosen arm's statistic.
fn null_not_followed(link: f64, weight: f64, draws: u32) -> (f64, f64) {
    let mut uniform = Uniform(145_514);
    let mut normal = || quantile(uniform.inside());
    let combination = InverseNormal::two_stage(weight).unwrap();
    let (half, critical) = (0.5_f64.sqrt(), upper_quantile(0.025));
    let mut rejected = 0_u32;
    for _ in 0..draws {
        let control = [normal(), normal()];
        let arms = [0, 1].map(|_| {
            let x = half * (normal() - control[0]);
            (x, link * x + (1.0 - link * link).sqrt() * half * (normal() - control[1]))
        });
        let z = if arms[0].0 > arms[1].0 { arms[0].1 } else { arms[1].1 };
        let pair = upper_quantile(dunnett::any_above(&[z; 2], &[0.5; 2]));
        rejected += u32::from(combination.combine(&[pair, normal()]) >= critical);
    }
    let share = f64::from(rejected) / f64::from(draws);
    (share, (share * (1.0 - share) / f64::from(draws)).sqrt())
}

/// G13: correlations of log-rank statistics of overlapping populations and looks, from shared events (wpgsd's vignette).
#[test]
fn g13_correlation_by_shared_events() {
    for (shared, one, other, expected) in
        [(80.0, 100.0, 110.0, 0.76), (100.0, 100.0, 200.0, 0.71), (80.0, 100.0, 220.0, 0.54)]
    {
        let found = correlation(shared, one, other).unwrap();
        assert!((found - expected).abs() < 0.005, "{found} {expected}");
    }
    // The case of its tests: 147, 167, 88 shared at the first look; 278, 289, 158 at the second.
    let found = correlation(88.0, 147.0, 167.0).unwrap();
    assert!((found - 88.0 / (147.0_f64 * 167.0).sqrt()).abs() < 1e-15);
    // Two looks of overlapping populations make a correlation matrix: its determinant is positive.
    let c = |shared: f64, one: f64, other: f64| correlation(shared, one, other).unwrap();
    let matrix = nalgebra::Matrix4::new(
        1.0,
        c(80.0, 100.0, 110.0),
        c(100.0, 100.0, 200.0),
        c(80.0, 100.0, 220.0),
        c(80.0, 100.0, 110.0),
        1.0,
        c(80.0, 110.0, 200.0),
        c(110.0, 110.0, 220.0),
        c(100.0, 100.0, 200.0),
        c(80.0, 110.0, 200.0),
        1.0,
        c(160.0, 200.0, 220.0),
        c(80.0, 100.0, 220.0),
        c(110.0, 110.0, 220.0),
        c(160.0, 200.0, 220.0),
        1.0,
    );
    assert!(matrix.determinant() > 0.0);
}
