//! Selection designs, graphical procedures and populations against other programs and published tables, by quadrature.

use crate::check;
use seamline::adaptive::intersection::dunnett;
use seamline::adaptive::mams::{Shape, TwoStage};
use seamline::adaptive::{graph::Graph, populations, select_best};
use seamline::numerics::normal::{cdf, pdf, quantile, sf, upper_quantile};
use seamline::numerics::quadrature::legendre;
use seamline::numerics::roots::brent;
use seamline::registry::find;
use seamline::sequential::spending::{SPENDING_FUNCTIONS, SpendingFunction};
use seamline::sequential::{Bounds, EfficacyPlan, bounds::efficacy_bounds, inference::repeated_p};
use std::sync::Arc;

fn obrien_fleming() -> Arc<dyn SpendingFunction> {
    (find(SPENDING_FUNCTIONS, "obrien_fleming").unwrap().build)(&[])
}

fn near(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance, "{found}, expected {expected} ± {tolerance}");
}

/// "…_7" → ("…", 6).
fn numbered(key: &str) -> Option<(&str, usize)> {
    let (name, number) = key.rsplit_once('_')?;
    Some((name, number.parse::<usize>().ok()?.checked_sub(1)?))
}

fn no_futility(efficacy: Vec<f64>) -> Bounds {
    Bounds { futility: vec![f64::NEG_INFINITY; efficacy.len()], efficacy }
}

/// Select-best with bounds that count the selection, sized for a power.
fn seamless_best(id: &str, effects: &[f64], fractions: &[f64], power: f64) {
    let spent: Vec<f64> = fractions.iter().map(|&t| obrien_fleming().spent(0.025, t)).collect();
    let efficacy = select_best::bounds(effects.len(), 0.5, fractions, &spent).unwrap();
    let bounds = no_futility(efficacy.clone());
    let cross = |information: f64| -> Vec<f64> {
        let means: Vec<f64> = effects.iter().map(|effect| effect * f64::sqrt(information)).collect();
        let arms = select_best::crossing(&means, 0.5, fractions, &bounds).unwrap();
        (0..fractions.len()).map(|look| arms.iter().map(|arm| arm.efficacy[look]).sum()).collect()
    };
    let information = brent(10.0, 200.0, 1e-6, |i| cross(i).iter().sum::<f64>() - power).unwrap();
    let (looks, null): (Vec<f64>, f64) = (cross(information), cross(0.0).iter().sum());
    check(id, |key| match (key, numbered(key)) {
        ("max_information", _) => Some(information),
        ("type_i_error_global_null", _) => Some(null),
        (_, Some(("efficacy_z", look))) => Some(efficacy[look]),
        (_, Some(("cross_efficacy", look))) => Some(looks[look]),
        _ => None,
    });
}

pub fn f_seamless_best_of_2_lrstat() {
    seamless_best("f-seamless-best-of-2-lrstat", &[0.3, 0.5], &[1.0 / 3.0, 2.0 / 3.0, 1.0], 0.9);
}

pub fn f_seamless_best_of_3_lrstat() {
    seamless_best("f-seamless-best-of-3-lrstat", &[0.2, 0.3, 0.45], &[0.4, 1.0], 0.8);
}

/// Table G5: O'Brien–Fleming bounds with the selection counted, and exits with futility.
#[test]
fn g5_select_best() {
    let efficacy = vec![3.776_604_9, 2.670_462_9, 2.180_423_8];
    let information: Vec<f64> = (1..=3).map(|k| 55.0 * f64::from(k) / 3.0).collect();
    let sums = |means: [f64; 2], bounds: &Bounds| {
        let arms = select_best::crossing(&means, 0.5, &information, bounds).unwrap();
        let mut total = 0.0;
        let cumulative: Vec<f64> = (0..3)
            .map(|look| {
                total += arms.iter().map(|arm| arm.efficacy[look]).sum::<f64>();
                total
            })
            .collect();
        let futility: Vec<f64> = (0..3).map(|look| arms.iter().map(|arm| arm.futility[look]).sum()).collect();
        (cumulative, futility)
    };
    let (level, _) = sums([0.0; 2], &no_futility(efficacy.clone()));
    for (found, expected) in level.iter().zip([0.000_157_275_64, 0.006_643_132_12, 0.025]) {
        near(*found, expected, 2e-7);
    }
    let bounds = Bounds { efficacy, futility: vec![0.0, 0.5, f64::NEG_INFINITY] };
    let root = 55.0_f64.sqrt();
    let (power, futility) = sums([0.3 * root, 0.5 * root], &bounds);
    for (found, expected) in power.iter().zip([0.054_775_665, 0.622_927_67, 0.898_008_854]) {
        near(*found, expected, 1e-5);
    }
    near(futility[0], 0.007_803_144_4, 1e-5);
    // The table's are cumulative: its last, 0.101991, and the power sum to 1.
    near(futility[0] + futility[1], 0.014_040_544_9, 1e-5);
    // P(best): the density's mass.
    let means = [0.3, 0.5].map(|effect| effect * information[0].sqrt());
    for (arm, expected) in [0.195_902_43, 0.804_097_57].into_iter().enumerate() {
        let mass: f64 = (-8..14)
            .map(f64::from)
            .map(|x| legendre(12).integrate(x, x + 1.0, |x| select_best::density(x, &means, 0.5, arm)))
            .sum();
        near(mass, expected, 1e-5);
    }
}

/// Closed Dunnett combination with the best arm kept. Every intersection with the best arm has its largest statistic, so that the largest
/// intersection's p-value is the largest of all and decides alone.
fn best_by_combination(id: &str, means: &[f64], per_arm: [f64; 2], early_stop: bool) {
    let share = per_arm[0] / (per_arm[0] + per_arm[1]);
    let bounds = if early_stop {
        efficacy_bounds(&EfficacyPlan::Spending(obrien_fleming()), 0.025, &[share, 1.0], &[share, 1.0]).unwrap()
    } else {
        vec![f64::INFINITY, upper_quantile(0.025)]
    };
    let drift = |n: f64| -> Vec<f64> { means.iter().map(|mean| mean * (n / 2.0).sqrt()).collect() };
    let (first, second) = (drift(per_arm[0]), drift(per_arm[1]));
    let shares = vec![0.5; means.len()];
    let later = |arm: usize, x: f64| {
        let q = upper_quantile(dunnett::any_above(&vec![x; means.len()], &shares));
        if q >= bounds[0] {
            [1.0, 0.0]
        } else {
            [0.0, sf((bounds[1] - share.sqrt() * q) / (1.0 - share).sqrt() - second[arm])]
        }
    };
    // q crosses the first bound where x is Dunnett's critical value at its level: a kink, where panels meet.
    let kink = dunnett::critical_value(sf(bounds[0]).max(1e-15), &shares).unwrap();
    let integral = |arm: usize, what: usize| -> f64 {
        let mut edges: Vec<f64> = (-9..13).map(f64::from).collect();
        edges.push(kink);
        edges.sort_unstable_by(f64::total_cmp);
        let of = |x: f64| match what {
            2 => 1.0,
            what => later(arm, x)[what],
        };
        edges
            .windows(2)
            .map(|w| legendre(12).integrate(w[0], w[1], |x| select_best::density(x, &first, 0.5, arm) * of(x)))
            .sum()
    };
    let arms = 0..means.len();
    let at_1: f64 = arms.clone().map(|arm| integral(arm, 0)).sum();
    let at_2: f64 = arms.map(|arm| integral(arm, 1)).sum();
    check(id, |key| match (key, numbered(key)) {
        ("reject_any", _) => Some(at_1 + at_2),
        ("reject_at_stage_1", _) => Some(at_1),
        ("stage_1_z_bound", _) => Some(bounds[0]),
        ("stage_2_z_bound", _) => Some(bounds[1]),
        (_, Some(("select_arm", arm))) => Some(integral(arm, 2)),
        (_, Some(("reject_arm", arm))) => Some(integral(arm, 0) + integral(arm, 1)),
        _ => None,
    });
}

pub fn f_best_of_2_invnorm_dunnett() {
    best_by_combination("f-best-of-2-invnorm-dunnett", &[0.25, 0.4], [60.0, 60.0], true);
}

pub fn f_best_of_2_null() {
    best_by_combination("f-best-of-2-null", &[0.0, 0.0], [60.0, 90.0], false);
}

pub fn f_best_of_3_invnorm_dunnett() {
    best_by_combination("f-best-of-3-invnorm-dunnett", &[0.1, 0.3, 0.35], [50.0, 75.0], true);
}

/// Two arms, selection on an early outcome. With D the standardised difference of the early means, Z_1 and Z_2 the final
/// statistics of stage 1: Corr(Z_1, Z_2) = ½, D = c(Z_1 − Z_2) + √(1 − c²) ε + its mean, c the early–final correlation.
fn early_selection(id: &str, correlation: f64) {
    let (n1, n2) = (100.0_f64, 200.0_f64);
    let (early, final_means): (f64, [f64; 2]) = (0.2 - 0.3, [0.1, 0.3]);
    let early = early * (n1 / 2.0).sqrt();
    let means = final_means.map(|mean| mean * (n1 / 2.0).sqrt());
    let second = final_means.map(|mean| mean * (n2 / 2.0).sqrt());
    let w: f64 = n1 / (n1 + n2);
    let critical = upper_quantile(0.025);
    let reject = |arm: usize, q: f64| sf((critical - w.sqrt() * q) / (1.0 - w).sqrt() - second[arm]);
    let dunnett_q = |z: f64| upper_quantile(dunnett::any_above(&[z; 2], &[0.5; 2]));
    let sign = |arm: usize| if arm == 0 { 1.0 } else { -1.0 };
    let select = |arm: usize| cdf(sign(arm) * early);
    // Corr(D, Z_arm) = ±c/2.
    let half = 0.5 * correlation;
    let reject_arm = |arm: usize| -> f64 {
        (-9..9)
            .map(f64::from)
            .map(|x| {
                legendre(12).integrate(x, x + 1.0, |x| {
                    let kept = cdf((sign(arm) * early + half * x) / (1.0 - half * half).sqrt());
                    pdf(x) * kept * reject(arm, dunnett_q(means[arm] + x))
                })
            })
            .sum()
    };
    // All stage-1 statistics used: the pair's q from the larger of the two; both the pair and the arm itself must fall.
    let followed = || -> f64 {
        let grid: Vec<(f64, f64)> = (-6..6).flat_map(|x| legendre(8).on(f64::from(x), f64::from(x) + 1.0)).collect();
        let mut total = 0.0;
        for &(sum, weight_sum) in &grid {
            // Z_1 − Z_2 ~ N(·, 1), Z_1 + Z_2 ~ N(·, 3), independent.
            for &(difference, weight_difference) in &grid {
                let z = [0, 1].map(|arm| means[arm] + 0.5 * (3.0_f64.sqrt() * sum + sign(arm) * difference));
                let pair = dunnett_q(z[0].max(z[1]));
                let mass = weight_sum * weight_difference * pdf(sum) * pdf(difference);
                for (arm, &alone) in z.iter().enumerate() {
                    let kept =
                        cdf(sign(arm) * (early + correlation * difference) / (1.0 - correlation * correlation).sqrt());
                    total += mass * kept * reject(arm, pair.min(alone));
                }
            }
        }
        total
    };
    check(id, |key| match (key, numbered(key)) {
        ("reject_any", _) => Some(reject_arm(0) + reject_arm(1)),
        ("reject_any_if_dropped_arms_are_followed_up", _) => Some(followed()),
        (_, Some(("select_arm", arm))) => Some(select(arm)),
        (_, Some(("reject_arm", arm))) => Some(reject_arm(arm)),
        _ => None,
    });
}

pub fn f_asd_early_selection() {
    early_selection("f-asd-early-selection-corr-00", 0.0);
    early_selection("f-asd-early-selection-corr-04", 0.4);
    early_selection("f-asd-early-selection-corr-08", 0.8);
}

/// P(treated > control) as a standardised effect: √2 Φ⁻¹(p).
fn effect(p: f64) -> f64 {
    std::f64::consts::SQRT_2 * quantile(p)
}

fn mams(id: &str, shape: Shape, arms: usize) {
    let design = TwoStage::new(shape, arms, 1.0, 0.05).unwrap();
    let patients = design.patients(arms, 1.0, 0.9, effect(0.65), effect(0.55)).unwrap();
    check(id, |key| match key {
        "upper_z_1" => Some(design.upper[0]),
        "lower_z_1" => Some(design.lower),
        "upper_z_2" | "lower_z_2" => Some(design.upper[1]),
        "patients_control_stage_1" => Some(f64::from(patients)),
        _ => None,
    });
}

pub fn f_mams() {
    mams("f-mams-2arm-2stage-obf", Shape::OBrienFleming { lower: 0.0 }, 2);
    mams("f-mams-4arm-2stage-triangular", Shape::Triangular, 4);
}

/// Table G2 (Magirr, Jaki and Whitehead 2012, table 1; MAMS prints about three correct decimals).
#[test]
fn g2_mams_bounds() {
    let fixed = Shape::OBrienFleming { lower: 0.0 };
    for (shape, arms, ratio, alpha, upper) in [
        (fixed, 4, 1.0, 0.05, [3.068_048_1, 2.169_437_6]),
        (fixed, 4, 2.0, 0.05, [3.120_417_7, 2.206_468_5]),
        (fixed, 3, 1.0, 0.05, [2.931_878_6, 2.073_151_3]),
        (Shape::Triangular, 2, 1.0, 0.025, [2.481_788_1, 2.339_852_3]),
    ] {
        let design = TwoStage::new(shape, arms, ratio, alpha).unwrap();
        near(design.upper[0], upper[0], 0.002);
        near(design.upper[1], upper[1], 0.002);
        near(design.family_wise_error(arms, ratio), alpha, 1e-9);
    }
    let design = TwoStage::new(fixed, 4, 1.0, 0.05).unwrap();
    assert_eq!(design.patients(4, 1.0, 0.9, effect(0.65), effect(0.55)), Some(44));
}

/// Table G12: Spiessens and Debois' critical values at 0.025 and the levels of each test.
#[test]
fn g12_spiessens_debois() {
    for (share, z, level) in [(0.3, 2.206_282, 0.013_682_1), (0.5, 2.178_272, 0.014_692_9)] {
        let found = populations::critical_value(0.025, share).unwrap();
        near(found, z, 6e-7);
        near(sf(found), level, 6e-8);
    }
}

/// Repeated p-values of O'Brien–Fleming spending at looks of the given information.
fn repeated(p: &[f64], information: &[f64], look: usize) -> f64 {
    repeated_p(upper_quantile(p[look]), |level| {
        efficacy_bounds(&EfficacyPlan::Spending(obrien_fleming()), level, information, information)
            .map_or(f64::INFINITY, |bounds| bounds[look])
    })
    .unwrap()
    .unwrap()
}

/// Table B15 and the worked example of Maurer and Bretz (2013): four hypotheses, three looks, α = 0.025; H1 and H2 hold half of it each and
/// pass half of what they have to each other and half to H3 and H4, which pass all they have back across.
#[test]
fn b15_maurer_bretz() {
    let information = [1.0 / 3.0, 2.0 / 3.0, 1.0];
    let p = [[0.0062, 0.0002], [0.017, 0.0035], [0.009, 0.002], [0.13, 0.06]];
    let expected = [
        [0.114_057_75, 0.002_393_358_8],
        [0.168_213_68, 0.017_160_592_3],
        [0.131_536_57, 0.011_648_306_3],
        [0.382_027_48, 0.128_460_197],
    ];
    let rows = [[0.0, 0.5, 0.5, 0.0], [0.5, 0.0, 0.0, 0.5], [0.0, 1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0]];
    let mut graph = Graph::new(&[0.5, 0.5, 0.0, 0.0], &rows.map(|row| row.to_vec())).unwrap();
    for look in 0..2 {
        let repeated: Vec<f64> = p.iter().map(|p| repeated(p, &information, look)).collect();
        for (found, expected) in repeated.iter().zip(expected) {
            near(*found, expected[look], 2e-6);
        }
        let rejected = graph.test(0.025, |j, level| repeated[j] <= level);
        // Look 1: nothing is below 0.0125. Look 2: H1 at 0.0125, H2 at 0.0125 + 0.00625, H3 at
        // 0.00625 + 0.01875·(½·½)/(1 − ½·½) = 0.0125, and H4, then at 0.025, stays.
        assert_eq!(rejected, if look == 0 { vec![] } else { vec![0, 1, 2] }, "look {}", look + 1);
    }
    near(graph.weight(3), 1.0, 1e-12);
    assert!(graph.is_open(3));
}

/// The example of gsDesign's vignette "Graphical testing for group sequential design" (OS and PFS of a subgroup and of all, two response
/// rates, α = 0.025; events and dummy p-values as entered there): OS of the subgroup falls first, then the response of the subgroup,
/// then PFS of the subgroup; the rest stands.
#[test]
fn graphical_procedure_on_pfs_and_os() {
    let (os_sub, os_all) = ([185.0, 245.0, 295.0], [529.0, 700.0, 800.0]);
    let (pfs_sub, pfs_all) = ([265.0, 310.0], [675.0, 750.0]);
    // Events of the hypothesis, and those whose shares are the spending time.
    let tests: [(&[f64], &[f64], &[f64]); 4] = [
        (&os_sub, &os_sub, &[0.03, 1e-4, 1e-6]),
        (&os_all, &os_sub, &[0.2, 0.15, 0.1]),
        (&pfs_sub, &pfs_sub, &[0.2, 0.001]),
        (&pfs_all, &pfs_sub, &[0.3, 0.2]),
    ];
    let single = [1e-5, 0.1];
    let function = obrien_fleming();
    let rejects = |hypothesis: usize, level: f64| {
        let Some((events, spending, p)) = tests.get(hypothesis) else { return single[hypothesis - 4] <= level };
        let last = spending[spending.len() - 1];
        let times: Vec<f64> = spending.iter().map(|count| count / last).collect();
        let plan = EfficacyPlan::Spending(function.clone());
        let bounds = efficacy_bounds(&plan, level, events, &times).unwrap();
        bounds.iter().zip(*p).any(|(bound, &p)| upper_quantile(p) >= *bound)
    };
    let weights = [0.4, 0.4, 0.16, 0.0, 0.02, 0.02];
    let row = |parts: &[(usize, f64)]| {
        let mut row = vec![0.0; 6];
        for &(to, part) in parts {
            row[to] = part;
        }
        row
    };
    let transitions = [
        row(&[(1, 1.0)]),
        row(&[(2, 0.5), (3, 0.5)]),
        row(&[(3, 1.0)]),
        row(&[(4, 0.5), (5, 0.5)]),
        row(&[(5, 1.0)]),
        row(&[(0, 0.5), (1, 0.5)]),
    ];
    let mut graph = Graph::new(&weights, &transitions).unwrap();
    let mut fallen = graph.test(0.025, rejects);
    fallen.sort_unstable();
    assert_eq!(fallen, [0, 2, 4]);
    // Where alpha stands in the end: 0.02 on OS of all, 0.004 on PFS of all, 0.001 on the response of all.
    for (hypothesis, level) in [(1, 0.02), (3, 0.004), (5, 0.001)] {
        assert!((0.025 * graph.weight(hypothesis) - level).abs() < 1e-12);
    }
}
