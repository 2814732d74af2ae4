//! Random designs and random data against R's rpact, survival and mvtnorm, live: designs nobody has seen before. Opt-in:
//! `SEAMLINE_R=1 cargo test --test live_oracles -- --ignored` where R has the three packages (Debian: r-cran-rpact,
//! r-cran-survival, r-cran-mvtnorm). Another number in `SEAMLINE_R` draws other cases.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod sequential_common;
mod uniform;

use nalgebra::DMatrix;
use seamline::numerics::mvn;
use seamline::registry::find;
use seamline::scenario::{Observed, Scenario};
use seamline::sequential::bounds::{Sides, efficacy_bounds, wang_tsiatis};
use seamline::sequential::crossing::canonical;
use seamline::sequential::futility::{Efficacy, close};
use seamline::sequential::power::constant_effect;
use seamline::sequential::{Bounds, EfficacyPlan};
use seamline::statistics::cox::{Cox, cox};
use seamline::statistics::{Observations, TEST_STATISTICS, from_data};
use seamline::study::analyze;
use sequential_common::{function, spending};
use serde_json::json;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};
use uniform::Uniform;

fn cases(salt: u64) -> Uniform {
    let seed: u64 = std::env::var("SEAMLINE_R").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    Uniform(seed.wrapping_mul(1_000_003).wrapping_add(salt))
}

/// What R prints: so many lines, each a list of numbers.
fn r(code: &str, lines: usize) -> Vec<Vec<f64>> {
    let mut child = Command::new("Rscript")
        .args(["--vanilla", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("Rscript must be installed");
    let head = "show <- function(x) cat('@', sprintf('%.15g', as.numeric(x)), '\\n')\n";
    child.stdin.take().unwrap().write_all((head.to_string() + code).as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}\n{code}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let found: Vec<Vec<f64>> = text
        .lines()
        .filter_map(|line| line.strip_prefix('@'))
        .map(|line| line.split_whitespace().map(|word| word.parse().unwrap_or(f64::NAN)).collect())
        .collect();
    assert_eq!(found.len(), lines, "{text}");
    found
}

fn list(values: &[f64]) -> String {
    let words: Vec<String> = values.iter().map(|value| format!("{value:.17}")).collect();
    format!("c({})", words.join(","))
}

fn near(what: &str, found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len(), "{what}: {found:?} {expected:?}");
    for (a, b) in found.iter().zip(expected) {
        assert!(a == b || (a - b).abs() <= tolerance, "{what}: ours {found:?}, R {expected:?}");
    }
}

fn rates(looks: usize, uniform: &mut Uniform) -> Vec<f64> {
    let steps: Vec<f64> = (0..looks).map(|_| 0.3 + uniform.next()).collect();
    let total: f64 = steps.iter().sum();
    let mut rates: Vec<f64> = steps
        .iter()
        .scan(0.0, |sum, step| {
            *sum += step;
            Some(*sum / total)
        })
        .collect();
    rates[looks - 1] = 1.0;
    rates
}

/// rpact solves its bounds to about 1e-8 by default, on a Simpson grid good to 1e-6.
#[test]
#[ignore = "needs R"]
fn rpact_efficacy_bounds() {
    let mut uniform = cases(1);
    let mut code = String::from("suppressMessages(library(rpact))\n");
    let mut ours = Vec::new();
    for _ in 0..30 {
        let looks = 2 + (5.0 * uniform.next()) as usize;
        let information = rates(looks, &mut uniform);
        let alpha = 0.004 + 0.05 * uniform.next();
        let (kind, found) = match (7.0 * uniform.next()) as usize {
            0 => ("'asOF'".to_string(), spending("obrien_fleming", &[], alpha, &information, &information)),
            1 => ("'asP'".into(), spending("pocock", &[], alpha, &information, &information)),
            2 => {
                let rho = 0.5 + 3.5 * uniform.next();
                (format!("'asKD', gammaA={rho:.15}"), spending("kim_demets", &[rho], alpha, &information, &information))
            }
            3 => {
                let gamma = -6.0 + 8.0 * uniform.next();
                let bounds = spending("hwang_shih_decani", &[gamma], alpha, &information, &information);
                (format!("'asHSD', gammaA={gamma:.15}"), bounds)
            }
            4 => ("'OF'".into(), wang_tsiatis(0.0, alpha, &information, Sides::One).unwrap()),
            5 => ("'P'".into(), wang_tsiatis(0.5, alpha, &information, Sides::One).unwrap()),
            _ => {
                let delta = -0.2 + 0.7 * uniform.next();
                let bounds = wang_tsiatis(delta, alpha, &information, Sides::One).unwrap();
                (format!("'WT', deltaWT={delta:.15}"), bounds)
            }
        };
        let _ = writeln!(
            code,
            "show(getDesignGroupSequential(kMax={looks}, alpha={alpha:.15}, informationRates={}, typeOfDesign={kind}, sided=1)$criticalValues)",
            list(&information)
        );
        ours.push((kind, found));
    }
    for ((kind, found), expected) in ours.iter().zip(r(&code, ours.len())) {
        near(kind, found, &expected, 1e-5);
    }
}

/// β-spending, binding and not: both bounds and the drift that closes them.
#[test]
#[ignore = "needs R"]
fn rpact_beta_spending() {
    let mut uniform = cases(2);
    let mut code = String::from("suppressMessages(library(rpact))\n");
    let mut ours = Vec::new();
    for case in 0..16 {
        let looks = 2 + (4.0 * uniform.next()) as usize;
        let information = rates(looks, &mut uniform);
        let (alpha, beta) = (0.01 + 0.03 * uniform.next(), 0.1 + 0.2 * uniform.next());
        let (gamma, rho) = (-5.0 + 5.0 * uniform.next(), 1.0 + 2.0 * uniform.next());
        let binding = case % 2 == 0;
        let (up, down) = (function("hwang_shih_decani", &[gamma]), function("kim_demets", &[rho]));
        let fixed = efficacy_bounds(&EfficacyPlan::Spending(up.clone()), alpha, &information, &information).unwrap();
        let efficacy = if binding {
            Efficacy::Binding { function: up.as_ref(), alpha, spending_time: &information }
        } else {
            Efficacy::NonBinding(&fixed)
        };
        let shape = constant_effect(&information);
        let closed = close(efficacy, down.as_ref(), beta, &information, &information, &shape).unwrap();
        let _ = writeln!(
            code,
            "d <- getDesignGroupSequential(kMax={looks}, alpha={alpha:.15}, beta={beta:.15}, informationRates={}, typeOfDesign='asHSD', gammaA={gamma:.15}, typeBetaSpending='bsKD', gammaB={rho:.15}, bindingFutility={}, sided=1)\nshow(d$criticalValues); show(d$futilityBounds)",
            list(&information),
            if binding { "TRUE" } else { "FALSE" }
        );
        ours.push(closed.bounds);
    }
    let answers = r(&code, 2 * ours.len());
    for (bounds, theirs) in ours.iter().zip(answers.chunks(2)) {
        near("efficacy", &bounds.efficacy, &theirs[0], 1e-5);
        near("futility", &bounds.futility[..theirs[1].len()], &theirs[1], 1e-4);
    }
}

/// Months and patients of event-driven looks under proportional hazards with drop-out and a ramp of enrolment.
#[test]
#[ignore = "needs R"]
fn rpact_months_and_patients() {
    let mut uniform = cases(3);
    let mut code = String::from("suppressMessages(library(rpact))\n");
    let mut ours = Vec::new();
    for _ in 0..12 {
        let median = 6.0 + 18.0 * uniform.next();
        let ratio = 0.5 + 0.4 * uniform.next();
        let lost = 0.02 + 0.1 * uniform.next();
        let (slow, fast, change) =
            (5.0 + 10.0 * uniform.next(), 20.0 + 20.0 * uniform.next(), 3.0 + 6.0 * uniform.next());
        let patients = (250.0 + 300.0 * uniform.next()).round();
        let events: Vec<f64> = [0.25, 0.4, 0.55].map(|share| (share * patients).round()).to_vec();
        let end = change + (patients - slow * change) / fast;
        let file = json!({
            "seamline": 1,
            "truth": {
                "enrollment": [{"for": change, "per_month": slow}, {"per_month": fast}],
                "dropout": {"hazard": -(1.0 - lost).ln() / 12.0},
                "control": {"death": {"median": median}},
                "arms": {"vaccine": {"effect": {"death": ratio}}}
            },
            "protocol": {"arms": ["control", "vaccine"], "patients": patients, "alpha": 0.025,
                "primary": {"endpoint": "os", "test": "logrank"},
                "analyses": events.iter().map(|count| json!({"name": count.to_string(), "when": {"events": count}})).collect::<Vec<_>>(),
                "efficacy": {"spending": "obrien_fleming"}}
        });
        let scenario = Scenario::from_json(&file.to_string(), &[]).unwrap_or_else(|error| panic!("{error:?}"));
        let candidate = &scenario.candidates[0];
        let outcome = seamline::engine::evaluate(
            &candidate.protocol,
            &candidate.truths[0].1,
            &candidate.planning,
            &scenario.run,
            None,
        )
        .unwrap();
        ours.push((
            outcome.looks.iter().map(|look| look.month.value).collect::<Vec<_>>(),
            outcome.looks.iter().map(|look| look.patients.value).collect::<Vec<_>>(),
        ));
        let last = events[2];
        let shares: Vec<f64> = events.iter().map(|count| count / last).collect();
        let _ = writeln!(
            code,
            "p <- getPowerSurvival(getDesignGroupSequential(kMax=3, informationRates={}, typeOfDesign='asOF', alpha=0.025), directionUpper=FALSE, hazardRatio={ratio:.15}, lambda2=log(2)/{median:.15}, dropoutRate1={lost:.15}, dropoutRate2={lost:.15}, dropoutTime=12, accrualTime=c(0,{change:.15},{end:.15}), accrualIntensity=c({slow:.15},{fast:.15}), maxNumberOfEvents={last})\nshow(p$analysisTime); show(p$numberOfSubjects)",
            list(&shares)
        );
    }
    let answers = r(&code, 2 * ours.len());
    for ((months, patients), theirs) in ours.iter().zip(answers.chunks(2)) {
        // rpact searches its months to about 1e-4.
        near("months", months, &theirs[0], 1e-3);
        near("patients", patients, &theirs[1], 0.05);
    }
}

/// Repeated and stage-wise inference at observed log-rank statistics.
#[test]
#[ignore = "needs R"]
fn rpact_analysis() {
    let mut uniform = cases(4);
    let mut code = String::from("suppressMessages(library(rpact))\n");
    let mut ours = Vec::new();
    for _ in 0..6 {
        let delta = 0.5 * uniform.next();
        let planned = [80.0, 150.0, 200.0];
        let events = [80.0, 150.0];
        let z = [0.5 + 1.2 * uniform.next(), 1.0 + 2.5 * uniform.next()];
        let file = json!({
            "seamline": 1,
            "truth": {"enrollment": [{"per_month": 30}], "control": {"death": {"median": 12}},
                "arms": {"vaccine": {"effect": {"death": 0.7}}}},
            "protocol": {"arms": ["control", "vaccine"], "patients": 400, "alpha": 0.025,
                "primary": {"endpoint": "os", "test": "logrank"},
                "analyses": planned.iter().map(|count| json!({"name": count.to_string(), "when": {"events": count}})).collect::<Vec<_>>(),
                "efficacy": {"family": "wang_tsiatis", "delta": delta}}
        });
        let scenario = Scenario::from_json(&file.to_string(), &[]).unwrap();
        let looks: Vec<_> = events
            .iter()
            .zip(z)
            .map(|(count, z)| json!({"name": count.to_string(), "events": count, "z": z}))
            .collect();
        let observed = Observed::from_json(&json!({"seamline": 1, "looks": looks}).to_string(), &scenario).unwrap();
        let found = analyze(&scenario, &observed).unwrap();
        let repeated: Vec<f64> =
            found.looks.iter().flat_map(|look| look.repeated.map(|i| [i.low, i.high]).unwrap()).collect();
        let p: Vec<f64> = found.looks.iter().map(|look| look.repeated_p.unwrap()).collect();
        ours.push((found, repeated, p));
        let shares: Vec<f64> = planned.iter().map(|count| count / 200.0).collect();
        // rpact's log-ranks are signed the other way: its hazard ratio is that of the first group.
        let _ = writeln!(
            code,
            "d <- getDesignGroupSequential(kMax=3, alpha=0.025, informationRates={}, typeOfDesign='WT', deltaWT={delta:.15}, sided=1)\nx <- getDataset(overallEvents=c(80,150), overallLogRanks={}, overallAllocationRatios=c(1,1))\na <- getAnalysisResults(d, x, directionUpper=TRUE, stage=2)\nshow(c(a$repeatedConfidenceIntervalLowerBounds[1:2], a$repeatedConfidenceIntervalUpperBounds[1:2])); show(a$repeatedPValues[1:2]); show(c(a$finalPValues[2], a$medianUnbiasedEstimates[2]))",
            list(&shares),
            list(&z),
        );
    }
    for ((found, repeated, p), theirs) in ours.iter().zip(r(&code, 3 * ours.len()).chunks(3)) {
        let flipped = [1.0 / repeated[1], 1.0 / repeated[3], 1.0 / repeated[0], 1.0 / repeated[2]];
        near("repeated intervals", &flipped, &theirs[0], 1e-3 * flipped[3].max(1.0));
        near("repeated p", p, &theirs[1], 1e-4);
        // rpact gives final inference only where the trial ends.
        if found.conclusion.ended && found.conclusion.look == 1 && theirs[2].iter().all(|value| value.is_finite()) {
            near("final p", &[found.conclusion.p], &theirs[2][..1], 1e-5);
            near("median unbiased", &[1.0 / found.conclusion.median_unbiased.estimate], &theirs[2][1..], 2e-3);
        }
    }
}

/// Log-rank (stratified, tied), Peto–Peto weights, Cox, restricted means and milestones on random patients.
#[test]
#[ignore = "needs R"]
fn survival_statistics() {
    let mut uniform = cases(5);
    let mut code = String::from("suppressMessages(library(survival))\n");
    let mut ours = Vec::new();
    for case in 0..20 {
        let n = 40 + (160.0 * uniform.next()) as usize;
        let ties = case % 2 == 0;
        let (mut time, mut event, mut treated, mut stratum) = (vec![], vec![], vec![], vec![]);
        for i in 0..n {
            let arm = i % 2 == 1;
            let death = -uniform.inside().ln() * if arm { 16.0 } else { 11.0 };
            let end = 40.0 * uniform.next() + 0.5;
            let seen = death.min(end);
            time.push(if ties { seen.ceil() } else { seen });
            event.push(death <= end);
            treated.push(arm);
            stratum.push(u32::from(uniform.next() < 0.4));
        }
        let data = Observations { time: &time, event: &event, treated: &treated, stratum: None };
        let strata = Observations { stratum: Some(&stratum), ..data };
        let horizon = 10.0;
        let found = |name: &str, parameters: &[f64], data: &Observations| {
            from_data((find(TEST_STATISTICS, name).unwrap().build)(parameters).as_ref(), data).unwrap()
        };
        let Cox::Estimate { log_hazard_ratio, .. } = cox(&data).unwrap() else { panic!("no estimate") };
        let (restricted, milestone) = (found("rmst", &[horizon], &data), found("milestone", &[horizon], &data));
        ours.push((
            [found("logrank", &[], &data).z().powi(2), found("logrank", &[], &strata).z().powi(2)],
            found("fleming_harrington", &[1.0, 0.0], &data).z().powi(2),
            log_hazard_ratio,
            [restricted.effect, restricted.variance.sqrt(), milestone.effect, milestone.variance.sqrt()],
        ));
        let flags = |values: &[bool]| list(&values.iter().map(|&value| f64::from(u8::from(value))).collect::<Vec<_>>());
        let _ = writeln!(
            code,
            "t <- {}; e <- {}; a <- {}; s <- {}
show(c(survdiff(Surv(t,e)~a)$chisq, survdiff(Surv(t,e)~a+strata(s))$chisq))
show(survdiff(Surv(t,e)~a, rho=1)$chisq)
show(coef(coxph(Surv(t,e)~a, ties='efron')))
f <- survfit(Surv(t,e)~a); m <- summary(f, rmean={horizon})$table; q <- summary(f, times={horizon}, extend=TRUE)
show(c(m[2,'rmean']-m[1,'rmean'], sqrt(m[1,'se(rmean)']^2+m[2,'se(rmean)']^2), q$surv[2]-q$surv[1], sqrt(q$std.err[1]^2+q$std.err[2]^2)))",
            list(&time),
            flags(&event),
            flags(&treated),
            list(&stratum.iter().map(|&s| f64::from(s)).collect::<Vec<_>>()),
        );
    }
    for (case, ((ranks, peto, log_ratio, differences), theirs)) in
        ours.iter().zip(r(&code, 4 * ours.len()).chunks(4)).enumerate()
    {
        near(&format!("log-rank, case {case}"), ranks, &theirs[0], 1e-9);
        near(&format!("Peto–Peto, case {case}"), &[*peto], &theirs[1], 1e-9);
        near(&format!("Cox, case {case}"), &[*log_ratio], &theirs[2], 1e-6);
        near(&format!("differences, case {case}"), differences, &theirs[3], 1e-8);
    }
}

/// Rectangles of random normal laws (Genz and Bretz's lattice, to its own error) and three-look crossings (TVPACK, 1e-9).
#[test]
#[ignore = "needs R"]
fn mvtnorm_rectangles() {
    let mut uniform = cases(6);
    let mut code = String::from("suppressMessages(library(mvtnorm)); set.seed(1)\n");
    let mut ours = Vec::new();
    for _ in 0..12 {
        let information = rates(3, &mut uniform);
        let means: Vec<f64> = information.iter().map(|t| 3.0 * uniform.next() * t.sqrt()).collect();
        let efficacy: Vec<f64> = (0..3).map(|_| 1.5 + 1.5 * uniform.next()).collect();
        let futility: Vec<f64> = vec![f64::NEG_INFINITY; 3];
        let found = canonical(&information, &means, &Bounds { efficacy: efficacy.clone(), futility }).unwrap();
        let stay = 1.0 - found.reject();
        let covariance = |i: usize, j: usize| (information[i.min(j)] / information[i.max(j)]).sqrt();
        let flat: Vec<f64> = (0..9).map(|k| covariance(k / 3, k % 3)).collect();
        let upper: Vec<f64> = efficacy.iter().zip(&means).map(|(b, m)| b - m).collect();
        let _ = writeln!(
            code,
            "show(pmvnorm(lower=-Inf, upper={}, sigma=matrix({},3), algorithm=TVPACK(1e-11)))",
            list(&upper),
            list(&flat)
        );
        let dimension = 4 + (3.0 * uniform.next()) as usize;
        let loadings: Vec<f64> = (0..dimension).map(|_| -0.9 + 1.8 * uniform.next()).collect();
        let matrix =
            DMatrix::from_fn(dimension, dimension, |i, j| if i == j { 1.0 } else { loadings[i] * loadings[j] });
        let low: Vec<f64> = (0..dimension).map(|_| -2.5 + 2.0 * uniform.next()).collect();
        let high: Vec<f64> = low.iter().map(|low| low + 1.0 + 2.0 * uniform.next()).collect();
        let rectangle = mvn::rectangle(&low, &high, &vec![0.0; dimension], &matrix, 1e-7, 1_000_000).unwrap();
        let _ = writeln!(
            code,
            "p <- pmvnorm(lower={}, upper={}, sigma=matrix({},{dimension}), algorithm=GenzBretz(maxpts=2000000, abseps=1e-7, releps=0)); show(c(p, attr(p,'error')))",
            list(&low),
            list(&high),
            list(matrix.as_slice())
        );
        ours.push((stay, rectangle));
    }
    for ((stay, rectangle), theirs) in ours.iter().zip(r(&code, 2 * ours.len()).chunks(2)) {
        near("TVPACK", &[*stay], &theirs[0], 1e-9);
        let slack = 2.0 * (rectangle.error + theirs[1][1]) + 1e-10;
        assert!((rectangle.value - theirs[1][0]).abs() <= slack, "{rectangle:?} {:?}", theirs[1]);
    }
}
