//! The log-rank statistic in expectation against other programs' figures and independent derivations.

use seamline::statistics::log_rank::{LogRankExpectation, Timing};
use seamline::statistics::{Cell, Comparison, StratumPair};
use seamline::survival::{Course, Endpoint, EndpointLaw, HazardRatio, PiecewiseHazard};
use seamline::truth::{Enrollment, EntryLaw};

fn law(control: &PiecewiseHazard, ratio: &HazardRatio) -> EndpointLaw {
    EndpointLaw::of_course(&Course::death_only(ratio.applied_to(control).unwrap()), Endpoint::Os).unwrap()
}

/// Table D6 (gsDesign2 1.1.8): 12 months × 500/12, control median 15, HR 1 for 4 months then 0.6, drop-out 0.001.
#[test]
fn d6_moments_of_the_log_rank_under_delay() {
    let control = PiecewiseHazard::from_median(15.0).unwrap();
    let laws = [
        law(&control, &HazardRatio::one()),
        law(&control, &HazardRatio::new(&[0.0, 4.0], &[1.0, 0.6]).unwrap()),
    ];
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
    let expectation = LogRankExpectation::new(&comparison, &[12.0, 24.0, 36.0]);
    let events = [107.394_27, 246.283_41, 331.290_97];
    let ahr = [0.839_537_14, 0.714_518_39, 0.683_199_55];
    let delta = [-0.009_239_220_5, -0.040_920_239_1, -0.062_422_188_0];
    let sigma2 = [0.053_681_789, 0.122_704_324, 0.163_835_333];
    for k in 0..3 {
        let m = expectation.moments()[k];
        assert!((500.0 * m.events - events[k]).abs() < 1e-5, "events {}", 500.0 * m.events);
        assert!((expectation.average_hazard_ratio(k).unwrap() - ahr[k]).abs() < 1e-8);
        // gsDesign2 leaves these two to R's `integrate`, whose default relative tolerance is 1.2e-4.
        assert!((m.mean / delta[k] - 1.0).abs() < 1.2e-4, "mean {} against {}", m.mean, delta[k]);
        assert!((m.variance / sigma2[k] - 1.0).abs() < 1.2e-4, "variance {} against {}", m.variance, sigma2[k]);
    }
    let (means, covariance) = expectation.joint_law(&[Timing::Calendar; 3]);
    println!("{means} {covariance}");
    let (_, covariance) = expectation.joint_law(&[Timing::Events; 3]);
    println!("{covariance}");
}
