//! A replicate allocates nothing once its buffers have grown.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // test helpers

mod simulation_support;

use seamline::engine::simulation::Trial;
use seamline::protocol::Design;
use seamline::survival::{Clock, Course, Endpoint, HazardRatio};
use seamline::transition::{Criterion, Statistic, Threshold};
use seamline::truth::{Assay, ImmuneResponse, PositiveRule, Prognostic};
use simulation_support::*;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counting;

thread_local! {
    /// Allocations of this thread alone: the test harness allocates on its own.
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

fn allocations() -> u64 {
    ALLOCATIONS.with(Cell::get)
}

#[expect(unsafe_code, reason = "an allocator cannot be written otherwise; it only counts and passes on")]
// SAFETY: every call is passed on unchanged to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // A thread that is being torn down counts no more.
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

#[test]
fn a_warm_replicate_allocates_nothing() {
    let course = |factor: f64| Course {
        progression: constant(0.08 * factor),
        death: constant(0.01),
        after_baseline: constant(0.06),
        clock: Clock::SinceProgression,
        after_effect: HazardRatio::delayed(factor, 4.0, 0.0).unwrap(),
        product_at: 0.0,
    };
    let mut arms =
        vec![arm("control", course(1.0), 0.01), arm("low", course(0.9), 0.01), arm("high", course(0.6), 0.01)];
    for (arm, rate) in arms.iter_mut().zip([0.05, 0.4, 0.6]) {
        arm.strata[0].response_rate = rate;
    }
    let mut nature = truth(20.0, arms);
    let assay = Assay { name: "one".into(), sensitivity: 0.9, specificity: 0.9 };
    nature.immune_response = Some(ImmuneResponse {
        measured_at: 2.0,
        prognostic: Prognostic { correlation: 0.3, log_hazard_sd: 0.5 },
        assays: vec![assay.clone(), assay],
        positive_if: PositiveRule::Any,
        missing_if_event_before: true,
        missing: seamline::truth::Missing::NonResponse,
    });
    let combination = own_cohort(0.3, events(40, Endpoint::Os));
    let mut design =
        seamless([120, 200], &[1, 1, 1], events(50, Endpoint::Pfs), Statistic::PfsHazardRatio, combination);
    design.transition.keep = keep("best_r", &[2.0], Statistic::PfsHazardRatio);
    design.transition.go = Some(Criterion::Compare(Statistic::ResponseDifference, Threshold::ZAtLeast(0.5)));
    let looks = [40, 80].map(|count| events(count, Endpoint::Os));
    let protocol = protocol(&["control", "low", "high"], Endpoint::Os, &looks, Design::Seamless(Box::new(design)));
    let plan = plan(&[2.4, 2.0], &[0.5, 1.0], Some(0.3));
    let trial = Trial::new(&protocol, &nature, &plan, SEED).unwrap();
    let mut workspace = trial.workspace();
    for replicate in 0..20 {
        trial.replicate(&mut workspace, replicate);
    }
    let before = allocations();
    assert!(before > 0, "the allocator is not counted");
    let mut went = 0;
    for replicate in 20..220 {
        went += u32::from(trial.replicate(&mut workspace, replicate).go);
    }
    assert_eq!(allocations() - before, 0);
    assert!(went > 100, "{went}");
}
