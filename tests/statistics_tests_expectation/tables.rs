//! Designs under delayed effects, unequal arms and patterned enrolment against lrstat, gsDesign2 and npsurvSS (`tables.md` D).

use super::{D6_MONTHS, Setting, cumulative, d6, law, obrien_fleming, statistic};
use seamline::numerics::normal::{cdf, sf};
use seamline::numerics::roots::brent;
use seamline::sequential::Bounds;
use seamline::sequential::bounds::efficacy_bounds;
use seamline::sequential::conditional::final_conditional_power;
use seamline::sequential::crossing::canonical;
use seamline::sequential::joint::joint;
use seamline::statistics::{Cell, Comparison, Expectation, StratumPair, Timing};
use seamline::survival::{HazardRatio, PiecewiseHazard};
use seamline::truth::{Enrollment, EntryLaw};

fn near(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance, "{found}, expected {expected} ± {tolerance}");
}

/// lrstat's enrolment: 26/9 a month more each month up to 26.
fn ramp(rate: f64, months: u32) -> (Vec<f64>, Vec<f64>) {
    (
        (0..months).map(f64::from).collect(),
        (1..=months).map(|step| rate * f64::from(step) / f64::from(months)).collect(),
    )
}

fn yearly(share: f64) -> f64 {
    -(1.0 - share).ln() / 12.0
}

impl Setting {
    fn log_rank(&self, months: &[f64]) -> Expectation {
        self.of(&[statistic("logrank", &[])], months)
    }

    fn events_by(&self, month: f64) -> f64 {
        self.patients * self.log_rank(&[month]).events(0)
    }

    fn month_of(&self, events: f64) -> f64 {
        brent(1.0, 200.0, 1e-10, |month| self.events_by(month) - events).unwrap()
    }

    /// Variance under the alternative and E Z at each month, as lrstat's direct method takes them.
    fn direct(&self, months: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let expectation = self.log_rank(months);
        let variance = (0..months.len()).map(|look| self.patients * expectation.at(0, look).variance).collect();
        (variance, expectation.means().as_slice().to_vec())
    }
}

/// Power of one look at the one-sided level of z = 1.96, Z with variance 1.
fn power_of(mean: f64) -> f64 {
    sf(1.959_963_985 - mean)
}

fn no_futility(efficacy: Vec<f64>) -> Bounds {
    Bounds { futility: vec![f64::NEG_INFINITY; efficacy.len()], efficacy }
}

/// Power under the statistic's own law, looks fixed by events.
fn own_power(setting: &Setting, months: &[f64], timing: Timing, efficacy: Vec<f64>) -> Vec<f64> {
    let (means, covariance) = setting.log_rank(months).joint_law(&vec![timing; months.len()]);
    cumulative(&joint(means.as_slice(), &covariance, &no_futility(efficacy)).unwrap().efficacy)
}

fn d1() -> Setting {
    let ratio = HazardRatio::new(&[0.0, 6.0], &[1.0, 0.58]).unwrap();
    let (starts, rates) = ramp(26.0, 9);
    let control = PiecewiseHazard::from_median(13.0).unwrap();
    Setting::new(&[(1.0, control, ratio)], yearly(0.05), &starts, &rates, 468.0)
}

/// Looks at 252 and 315 events. lrstat's power is that of its direct method (variance of the alternative, canonical law); its own
/// simulation of 10,000 trials says 0.797, which ours meets.
#[test]
fn d1_lrstat_delayed_effect() {
    let setting = d1();
    let months = [252.0, 315.0].map(|events| setting.month_of(events));
    let (variance, means) = setting.direct(&months);
    let expectation = setting.log_rank(&months);
    let efficacy = efficacy_bounds(&obrien_fleming(), 0.025, &[0.8, 1.0], &[0.8, 1.0]).unwrap();
    let power = cumulative(&canonical(&variance, &means, &no_futility(efficacy.clone())).unwrap().efficacy);
    let published = [(31.4, 62.76, 0.764, 2.250, 0.4511), (41.5, 77.96, 0.723, 2.025, 0.8016)];
    for (look, (month, information, ratio, bound, rejected)) in published.into_iter().enumerate() {
        near(months[look], month, 0.051);
        near(variance[look], information, 0.0051);
        near(expectation.table().cox_hazard_ratio(look).unwrap(), ratio, 5.1e-4);
        near(efficacy[look], bound, 5.1e-4);
        // Versions 0.2.15 and 0.3.3 of the source differ by 9e-4.
        near(power[look], rejected, 2e-3);
    }
    let own = own_power(&setting, &months, Timing::Events, efficacy);
    near(own[1], 0.797, 4.0 * (0.797 * 0.203 / 10_000.0_f64).sqrt());
}

/// lrstat(): events by arm, drop-outs, score, variance and Z at months 22 and 40; caltime(); lrpower.
#[test]
fn d2_lrstat_moments() {
    let control = PiecewiseHazard::constant(0.0533).unwrap();
    let treated = PiecewiseHazard::new(&[0.0, 6.0], &[0.0533, 0.0309]).unwrap();
    let ratio = HazardRatio::new(&[0.0, 6.0], &[1.0, 0.0309 / 0.0533]).unwrap();
    let (starts, rates) = ramp(26.0, 9);
    let setting = Setting::new(&[(1.0, control.clone(), ratio)], yearly(0.05), &starts, &rates, 468.0);
    let months = [22.0, 40.0];
    let expectation = setting.log_rank(&months);
    let (variance, means) = setting.direct(&months);
    // Drop-outs are the events of the mirrored trial, in which drop-out and death change places.
    let dropout = law(&setting.dropout, &HazardRatio::one());
    let hazards = [control, treated];
    let mirrored =
        StratumPair { prevalence: 1.0, arms: [0, 1].map(|g: usize| Cell { law: &dropout, dropout: &hazards[g] }) };
    let comparison =
        Comparison { strata: vec![mirrored], shares: [0.5; 2], entry: &setting.entry, patients: setting.patients };
    let mirror = Expectation::new(&[statistic("logrank", &[])], &comparison, &months).unwrap();
    for (look, [events, of_arm, dropouts, score, information, z]) in [
        [154.4040, 71.831_826, 13.457_835, -6.404_097_2, 38.564_970, -1.031_244_0],
        [307.5078, 138.436_606, 29.030_367, -24.351_804_6, 76.189_392, -2.789_869_6],
    ]
    .into_iter()
    .enumerate()
    {
        near(468.0 * expectation.events(look), events, 5.1e-5);
        near(468.0 * expectation.table().events_by_arm(months[look])[1], of_arm, 1e-6);
        near(468.0 * mirror.events(look), dropouts, 1e-6);
        near(-468.0 * expectation.at(0, look).effect, score, 1e-6);
        near(variance[look], information, 1e-6);
        near(-means[look], z, 1e-6);
    }
    near(setting.month_of(24.0), 9.805_708_4, 1e-6);
    near(setting.month_of(80.0), 16.082_926_2, 1e-6);
    // lrpower, followed for 18 months: the interim at 0.8 of the events.
    let interim = setting.month_of(0.8 * 468.0 * expectation.events(1));
    let (variance, means) = setting.direct(&[interim, 40.0]);
    let efficacy = efficacy_bounds(&obrien_fleming(), 0.025, &[0.8, 1.0], &[0.8, 1.0]).unwrap();
    let power = cumulative(&canonical(&variance, &means, &no_futility(efficacy)).unwrap().efficacy);
    near(power[0], 0.4213, 1e-3);
    near(power[1], 0.7789, 1e-3);
}

/// Direct approximation, Schoenfeld's (0.7451, tested with the closed forms) and a simulation of 10,000 trials.
#[test]
fn d4_direct_and_simulated_power() {
    let hazard = |share: f64| yearly(share);
    let control = PiecewiseHazard::constant(hazard(0.4)).unwrap();
    let ratio = HazardRatio::new(&[0.0], &[hazard(0.2) / hazard(0.4)]).unwrap();
    let setting = Setting::new(&[(1.0, control, ratio)], 0.0, &[0.0], &[200.0 / 12.0], 200.0);
    let month = setting.month_of(40.0);
    near(month, 13.631_69, 5.1e-6);
    let (variance, means) = setting.direct(&[month]);
    near(variance[0], 9.96, 0.0051);
    near(power_of(means[0]), 0.714, 1e-3);
    let own = own_power(&setting, &[month], Timing::Events, vec![1.959_963_985]);
    near(own[0], 0.722, 4.0 * (0.722 * 0.278 / 10_000.0_f64).sqrt());
}

/// gsDesign2's ahr() with its default arguments: average hazard ratio, events, and events/4.
#[test]
fn d8_average_hazard_ratio() {
    let control = PiecewiseHazard::new(&[0.0, 3.0], &[2.0_f64.ln() / 9.0, 2.0_f64.ln() / 18.0]).unwrap();
    let ratio = HazardRatio::new(&[0.0, 3.0], &[0.9, 0.6]).unwrap();
    let setting = Setting::new(&[(1.0, control, ratio)], 0.001, &[0.0, 2.0, 4.0], &[3.0, 6.0, 9.0], 108.0);
    let months = [12.0, 24.0, 30.0, 36.0];
    let expectation = setting.log_rank(&months);
    for (look, (ratio, events)) in
        [(0.810_753_89, 20.404_508), (0.715_156_58, 49.069_659), (0.695_215_35, 58.490_967), (0.683_339_52, 66.239_48)]
            .into_iter()
            .enumerate()
    {
        near(expectation.table().average_hazard_ratio(look).unwrap(), ratio, 1e-6);
        near(108.0 * expectation.events(look), events, 1e-5);
    }
    near(108.0 * expectation.events(2) / 4.0, 14.622_742, 2e-6);
    // The same by D6: 0.83953714 and so on.
    let expectation = d6().log_rank(&D6_MONTHS);
    for (look, ratio) in [0.839_537_14, 0.714_518_39, 0.683_199_55].into_iter().enumerate() {
        near(expectation.table().average_hazard_ratio(look).unwrap(), ratio, 1e-6);
    }
}

/// Patients who enter by a share of 1 in pieces that end at `ends` months, each with its share.
fn pieces(ends: &[f64], shares: &[f64], patients: f64) -> EntryLaw {
    let mut start = 0.0;
    let (mut starts, mut rates) = (Vec::new(), Vec::new());
    for (&end, share) in ends.iter().zip(shares) {
        starts.push(start);
        rates.push(patients * share / (end - start));
        start = end;
    }
    EntryLaw::window(&Enrollment::new(&starts, &rates).unwrap(), 0.0, patients, 0.0)
}

/// Yung and Liu 2020, figure 4A: 240 against 120, enrolment that slows down exponentially, losses by a Weibull law, medians 9 and 6
/// with the hazards equal until τ. Log-rank, Fleming–Harrington (1, 1), milestone and restricted mean at 11. The package's tests of
/// Gehan and of medians are not ours. Entry in 280 constant pieces: relative error of a share below 1e-5.
#[test]
fn d12_yung_liu_figure_4a() {
    let ends: Vec<f64> = (1..=280).map(|piece| 0.05 * f64::from(piece)).collect();
    let entered = |month: f64| (-0.1 * month).exp_m1() / (-1.4_f64).exp_m1();
    let shares: Vec<f64> = ends.iter().map(|end| entered(*end) - entered(end - 0.05)).collect();
    let scale = (1.0 / 0.99_f64).ln().sqrt() / 25.0;
    let hazard = 2.0_f64.ln() / 6.0;
    for (change, published) in [
        (0.0, [0.914_991, 0.878_696, 0.812_143, 0.773_813]),
        (2.0, [0.917_421, 0.965_952, 0.856_847, 0.556_672]),
        (4.0, [0.959_382, 0.992_913, 0.919_477, 0.373_364]),
        (5.5, [0.995_371, 0.999_859, 0.973_318, 0.280_452]),
    ] {
        let late = (2.0_f64.ln() - hazard * change) / (9.0 - change) / hazard;
        let ratio = if change == 0.0 {
            HazardRatio::new(&[0.0], &[late]).unwrap()
        } else {
            HazardRatio::new(&[0.0, change], &[1.0, late]).unwrap()
        };
        let control = PiecewiseHazard::constant(hazard).unwrap();
        let setting = Setting {
            shares: [1.0 / 3.0, 2.0 / 3.0],
            dropout: PiecewiseHazard::weibull(2.0, 2.0_f64.ln().sqrt() / scale).unwrap(),
            entry: pieces(&ends, &shares, 360.0),
            ..Setting::new(&[(1.0, control, ratio)], 0.0, &[0.0], &[360.0], 360.0)
        };
        for ((name, parameters), published) in
            [("logrank", &[][..]), ("fleming_harrington", &[1.0, 1.0]), ("milestone", &[11.0]), ("rmst", &[11.0])]
                .into_iter()
                .zip(published)
        {
            let expectation = setting.of(&[statistic(name, parameters)], &[25.0]);
            // The package integrates across the change with R's `integrate`.
            near(power_of(expectation.means()[0]), published, 2e-4);
        }
    }
}

/// Yung and Liu 2020, optimal allocation, at 1:1: the months to Schoenfeld's events, events by arm, power.
#[test]
fn d13_yung_liu_allocation() {
    let grows = |ratio: f64, k: f64, low: f64, high: f64| {
        (ratio - 0.3) / 0.6 * (k * (ratio - 0.3)).exp() / (0.6 * k).exp() * (high - low) + low
    };
    for (ratio, published) in [(0.3, Some((29.0, 48.3, 23.1, 19.4, 9.63))), (0.33, None)] {
        let d = 4.0 * ((1.959_963_985 + 1.281_551_566) / f64::ln(ratio)).powi(2);
        let n = d / grows(ratio, 5.0, 0.6, 0.7);
        let accrual = grows(ratio, 2.3, 12.0, 48.0);
        let control = PiecewiseHazard::from_median(grows(ratio, 0.0, 6.0, 24.0)).unwrap();
        let losses = 0.05 * control.rate(0.0);
        let setting = Setting {
            entry: pieces(&[0.25 * accrual, 0.5 * accrual, accrual], &[0.05, 0.25, 0.7], n),
            ..Setting::new(&[(1.0, control, HazardRatio::new(&[0.0], &[ratio]).unwrap())], losses, &[0.0], &[n], n)
        };
        let month = setting.month_of(d);
        let expectation = setting.log_rank(&[month]);
        let power = power_of(expectation.means()[0]);
        if let Some((events, patients, total, first, second)) = published {
            near(d, events, 0.051);
            near(n, patients, 0.051);
            near(month, total, 0.051);
            let by_arm = expectation.table().events_by_arm(month);
            near(n * by_arm[0], first, 0.051);
            near(n * by_arm[1], second, 0.0051);
            near(power, 0.888, 1e-3);
        } else {
            near(power, 0.890, 1e-3);
        }
    }
}

/// lrstat's getCP: conditional power of a trial with a delayed effect after 266 of 298 events, and with 335 in all.
#[test]
fn d15_conditional_power_under_delay() {
    let (starts, rates) = ramp(521.0 / (17.94 - 4.0), 9);
    let control = PiecewiseHazard::from_median(16.7).unwrap();
    let ratio = HazardRatio::new(&[0.0, 5.0], &[1.0, 0.7]).unwrap();
    let setting = Setting::new(&[(1.0, control, ratio)], yearly(0.05), &starts, &rates, 521.0);
    // Data cuts after 700 and 973 days of 30.4375 to the month.
    let months = [700.0 / 30.4375, 973.0 / 30.4375, setting.month_of(298.0), setting.month_of(335.0)];
    near(months[2], 36.237, 5.1e-4);
    near(months[3], 42.689, 5.1e-4);
    let expectation = setting.log_rank(&months);
    let published = [0.844_573_43, 0.796_639_91, 0.786_183_26, 0.776_095_88];
    let theta: Vec<f64> = (0..4)
        .map(|look| {
            let ratio = expectation.table().cox_hazard_ratio(look).unwrap();
            near(ratio, published[look], 1e-6);
            -ratio.ln()
        })
        .collect();
    let events = [179.0, 266.0, 298.0, 335.0];
    let information: Vec<f64> = events[..3].iter().map(|d| d / 4.0).collect();
    let fractions: Vec<f64> = events[..3].iter().map(|d| d / 298.0).collect();
    let bound = efficacy_bounds(&obrien_fleming(), 0.025, &fractions, &fractions).unwrap()[2];
    let z = -(0.81_f64.ln()) * (266.0_f64 / 4.0).sqrt();
    let means: Vec<f64> = theta.iter().zip(&information).map(|(theta, level)| theta * level.sqrt()).collect();
    near(final_conditional_power(&information, &means, bound, 1, z).unwrap(), 0.366_294_39, 1e-6);
    // 69 more events instead of 32, weighted as the 32 were planned (Cui, Hung and Wang 1999).
    let weight = fractions[1];
    let needed = (bound - weight.sqrt() * z) / (1.0 - weight).sqrt();
    let score = (theta[3] * events[3] - theta[1] * events[1]) / 4.0;
    near(cdf(score / ((335.0_f64 - 266.0) / 4.0).sqrt() - needed), 0.555_015_82, 1e-6);
}

/// Every patient followed for 26 weeks of a quarter of a month each, 3:1: simulated powers of 1,000 trials each.
#[test]
fn d16_fixed_follow_up() {
    let control = PiecewiseHazard::constant(0.95 / 12.0).unwrap();
    let losses = -(0.9_f64.ln()) / 24.0;
    for (patients, events, power) in [(196.0, 39.0, 0.949), (126.0, 26.0, 0.833), (156.0, 32.0, 0.905_f64)] {
        let setting = Setting {
            shares: [0.25, 0.75],
            // Nobody is followed beyond month 6.5.
            dropout: PiecewiseHazard::new(&[0.0, 6.5], &[losses, 200.0]).unwrap(),
            ..Setting::new(
                &[(1.0, control.clone(), HazardRatio::new(&[0.0], &[0.3]).unwrap())],
                0.0,
                &[0.0],
                &[5.0],
                patients,
            )
        };
        let end = patients / 5.0 + 6.6;
        let reached = setting.events_by(end) >= events;
        let (month, timing) = if reached {
            (brent(1.0, end, 1e-9, |month| setting.events_by(month) - events).unwrap(), Timing::Events)
        } else {
            (end, Timing::Calendar)
        };
        let own = own_power(&setting, &[month], timing, vec![1.959_963_985])[0];
        near(own, power, 4.0 * (power * (1.0 - power) / 1000.0).sqrt());
    }
}
