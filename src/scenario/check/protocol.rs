//! Raw protocol → [`Protocol`].

use super::allocation::allocation;
use super::test::test;
use super::truth::CONTROL;
use super::when::{FinalEvents, Setting, when};
use super::{Facts, bounds, endpoints, length, transition, unique};
use crate::adaptive::combination::combining;
use crate::adaptive::{INTERSECTIONS, Intersection};
use crate::protocol::{Analysis, Combination, Design, GroupSequential, Primary, Protocol, Seamless, Stage1, Weight};
use crate::registry;
use crate::scenario::fault::{At, Checked};
use crate::scenario::limits;
use crate::scenario::raw::protocol as raw;
use crate::scenario::raw::shape::OneOrMany;
use crate::scenario::suggest;
use crate::sequential::bounds::Sides;
use crate::survival::Endpoint;
use crate::transition::Trigger;

/// A protocol under the facts of a truth; `power` is `goal.power`, `at` the protocol's place.
pub(crate) fn protocol(raw: &raw::Protocol, facts: &Facts, power: Option<f64>, at: &At<'_>) -> Checked<Protocol> {
    let arms = arms(&raw.arms, &at.key("arms"))?;
    let listed = endpoints::listed(&raw.primary);
    let primary = match listed {
        Some([first, ..]) => primary(first, facts, &at.key("primary").index(0))?,
        _ => single(&raw.primary, facts, &at.key("primary"))?,
    };
    let alpha = raw.alpha.get();
    let context = Context { raw, facts, arms: &arms, endpoint: primary.endpoint, log_rank: primary.test.is_log_rank() };

    let seamless = [raw.phase2.is_some(), raw.transition.is_some(), raw.phase3.is_some()].contains(&true);
    let (design, cohort) = if seamless { context.seamless(at)? } else { context.group_sequential(at)? };
    let analyses = context.analyses(&cohort, &at.key("analyses"))?;
    let names: Vec<&str> = analyses.iter().map(|look: &Analysis| look.name.as_str()).collect();
    let setting = bounds::Setting { names: &names, alpha, power, seamless, test: &primary.test };
    let bounds = bounds::bounds(raw.efficacy.as_ref(), raw.futility.as_ref(), &setting, at)?;
    let harm = raw
        .harm
        .as_ref()
        .map(|raw| bounds::harm(raw, bounds.sides == Sides::Two, &setting, &at.key("harm")))
        .transpose()?;
    let several = if let Some(list) = listed {
        Some(endpoints::several(raw, list, (facts, seamless, &primary, &bounds), at)?)
    } else {
        endpoints::refuse_alone(raw, at)?;
        None
    };
    Ok(Protocol { arms, alpha, primary, analyses, bounds, harm, several, design })
}

/// The arms with the control first.
fn arms(raw: &[String], at: &At<'_>) -> Checked<Vec<String>> {
    length(raw, 2, limits::ARMS, "arms", at)?;
    unique(raw.iter().map(String::as_str), ("an arm", "arms"), |index, rule| at.index(index).fail(rule))?;
    let mut arms = raw.to_vec();
    let place = arms.iter().position(|name| name == CONTROL);
    let place = place.ok_or_else(|| at.fail(format!("one of the arms must be named `{CONTROL}`")))?;
    let control = arms.remove(place);
    arms.insert(0, control);
    Ok(arms)
}

/// The only endpoint.
fn single(raw: &OneOrMany<raw::Primary>, facts: &Facts, at: &At<'_>) -> Checked<Primary> {
    match raw {
        OneOrMany::One(one) => primary(one, facts, at),
        OneOrMany::Many(list) => {
            let one = list.first().ok_or_else(|| at.fail("must name at least one endpoint"))?;
            primary(one, facts, &at.index(0))
        }
    }
}

pub(super) fn primary(one: &raw::Primary, facts: &Facts, at: &At<'_>) -> Checked<Primary> {
    Ok(Primary {
        endpoint: facts.endpoint(one.endpoint, &at.key("endpoint"))?,
        test: test(one.test.as_ref(), &at.key("test"))?,
        stratified: one.stratified.unwrap_or(false),
    })
}

/// Whose events and enrolment the looks count.
struct Cohort {
    patients: f64,
    name: &'static str,
}

struct Context<'a> {
    raw: &'a raw::Protocol,
    facts: &'a Facts,
    arms: &'a [String],
    endpoint: Endpoint,
    /// Whether the primary test is the log-rank test.
    log_rank: bool,
}

impl Context<'_> {
    fn group_sequential(&self, at: &At<'_>) -> Checked<(Design, Cohort)> {
        let raw = self.raw;
        let patients = raw.patients.ok_or_else(|| {
            let fault = at.key("patients").fail("`patients` is required in a trial without a transition");
            fault.hint("a seamless trial has `phase2`, `transition` and `phase3` instead")
        })?;
        for (key, there) in [("combination", raw.combination.is_some()), ("intersection", raw.intersection.is_some())] {
            if there {
                return Err(at
                    .key(key)
                    .fail(format!("`{key}` goes with a seamless trial (`phase2`, `transition`, `phase3`)")));
            }
        }
        if self.arms.len() != 2 {
            let rule = format!("a trial without a transition has exactly 2 arms, not {}", self.arms.len());
            return Err(at.key("arms").fail(rule));
        }
        let allocation = allocation(raw.allocation.as_ref(), self.arms, &at.key("allocation"))?;
        let patients = at_least_arms(patients.get(), self.arms, &at.key("patients"))?;
        let design = Design::GroupSequential(GroupSequential { patients, allocation });
        Ok((design, Cohort { patients, name: "the trial" }))
    }

    fn seamless(&self, at: &At<'_>) -> Checked<(Design, Cohort)> {
        let raw = self.raw;
        let required = |key: &str| {
            at.key(key).fail(format!("a seamless trial needs `phase2`, `transition` and `phase3`, `{key}` is absent"))
        };
        let phase2 = raw.phase2.as_ref().ok_or_else(|| required("phase2"))?;
        let transition = raw.transition.as_ref().ok_or_else(|| required("transition"))?;
        let phase3 = raw.phase3.as_ref().ok_or_else(|| required("phase3"))?;
        for (key, there) in [("patients", raw.patients.is_some()), ("allocation", raw.allocation.is_some())] {
            if there {
                let rule = format!("a seamless trial has `{key}` in `phase2` and `phase3`, not here");
                return Err(at.key(key).fail(rule));
            }
        }
        let (phase2_at, phase3_at) = (at.key("phase2"), at.key("phase3"));
        let phase2_patients = at_least_arms(phase2.patients.get(), self.arms, &phase2_at.key("patients"))?;
        let phase3_patients = phase3.patients.get();
        if phase2_patients + phase3_patients > limits::PATIENTS {
            let rule = format!("both phases together have at most {} patients", limits::PATIENTS);
            return Err(phase3_at.key("patients").fail(rule));
        }
        let phase2_allocation = allocation(phase2.allocation.as_ref(), self.arms, &phase2_at.key("allocation"))?;
        let phase3_allocation = match &phase3.allocation {
            None => phase2_allocation.clone(),
            given => allocation(given.as_ref(), self.arms, &phase3_at.key("allocation"))?,
        };

        let in_phase2 = self.setting(&Cohort { patients: phase2_patients, name: "phase II" }, None);
        let transition = transition::transition(transition, &in_phase2, &at.key("transition"))?;
        let combination = self.combination(&in_phase2, &at.key("combination"))?;
        if combination.looks_read_phase2()
            && !combination.is_naive_pooled()
            && self.arms.len() > 2
            && phase2_allocation != phase3_allocation
        {
            let rule =
                "under `independent_increments` with several experimental arms both phases have the same allocation";
            return Err(phase3_at.key("allocation").fail(rule).hint("the arms' correlation would change on the way"));
        }
        // Patients enrolled after the transition's data cut are phase III's; if phase II may be cut before it is full, some
        // of its patients are among them.
        let full = fills_phase2(&transition.when, phase2_patients);
        let cohort = match combination {
            _ if combination.looks_read_phase2() => {
                Cohort { patients: phase2_patients + phase3_patients, name: "both phases" }
            }
            _ if full => Cohort { patients: phase3_patients, name: "phase III" },
            _ => Cohort { patients: phase2_patients + phase3_patients, name: "both phases" },
        };
        let design = Design::Seamless(Box::new(Seamless {
            phase2_patients,
            phase2_allocation,
            transition,
            phase3_patients,
            phase3_allocation,
            decision_time: phase3.decision_time.map_or(0.0, f64::from),
            pause_enrollment: phase3.pause_enrollment.unwrap_or(false),
            combination,
            intersection: intersection(raw.intersection.as_deref(), &at.key("intersection"))?,
        }));
        Ok((design, cohort))
    }

    fn setting<'b>(&'b self, cohort: &Cohort, final_events: Option<FinalEvents<'b>>) -> Setting<'b> {
        Setting {
            facts: self.facts,
            arms: self.arms,
            endpoint: self.endpoint,
            patients: cohort.patients,
            cohort: cohort.name,
            final_events,
        }
    }

    fn combination(&self, in_phase2: &Setting<'_>, at: &At<'_>) -> Checked<Combination> {
        let raw = self.raw.combination.as_ref().ok_or_else(|| {
            let fault = at.fail("a seamless trial needs `combination`, how the phases make one test");
            fault.hint("methods: inverse_normal, fisher, conditional_error, phase3_only, naive_pooled")
        })?;
        let method = raw.method.name();
        let other = match raw.method {
            raw::Method::Phase3Only => Some(Combination::Phase3Only),
            raw::Method::NaivePooled => Some(Combination::NaivePooled),
            raw::Method::InverseNormal | raw::Method::Fisher | raw::Method::ConditionalError => None,
        };
        if let Some(combination) = other {
            let keys = [
                ("phase2_patients", raw.phase2_patients.is_some()),
                ("weight", raw.weight.is_some()),
                ("phase2_follow_up", raw.phase2_follow_up.is_some()),
            ];
            return match keys.iter().find(|(_, there)| *there) {
                Some((key, _)) => Err(at
                    .key(key)
                    .fail(format!("`{key}` goes with a method of two stages, not with `{method}`"))
                    .hint("remove it; a patch removes it with null")),
                None => Ok(combination),
            };
        }
        let function =
            combining(method).ok_or_else(|| at.key("method").fail(format!("`{method}` is no combination function")))?;
        if raw.weight.is_some() && !function.weighted() {
            let fault = at.key("weight").fail(format!("`{method}` has no weight"));
            return Err(fault.hint("remove it; a patch removes it with null"));
        }
        if self.raw.analyses.len() > 1 && !function.several_looks() {
            let rule = format!("`{method}` tests at one confirmatory look, not {}", self.raw.analyses.len());
            return Err(at.key("method").fail(rule).hint("take `inverse_normal`, or a single look"));
        }
        let weight = match raw.weight {
            None | Some(raw::Weight::PlannedEvents) => Weight::PlannedEvents,
            Some(raw::Weight::Fixed(weight)) => Weight::Fixed(weight),
        };
        Ok(Combination::TwoStage { function, weight, stage1: self.stage1(raw, in_phase2, at)? })
    }

    /// Which evidence is stage 1.
    fn stage1(&self, raw: &raw::Combination, in_phase2: &Setting<'_>, at: &At<'_>) -> Checked<Stage1> {
        let (patients_at, follow_up_at) = (at.key("phase2_patients"), at.key("phase2_follow_up"));
        match raw.phase2_patients {
            Some(raw::Phase2Patients::OwnCohort) => {
                let follow_up = raw.phase2_follow_up.as_ref().ok_or_else(|| {
                    let fault = follow_up_at.fail("`own_cohort` needs `phase2_follow_up`, fixed in advance");
                    fault.hint("for example \"phase2_follow_up\": {\"when\": {\"min_follow_up\": 12}}")
                })?;
                Ok(Stage1::OwnCohort { follow_up: when(&follow_up.when, in_phase2, &follow_up_at.key("when"))? })
            }
            Some(raw::Phase2Patients::IndependentIncrements) => {
                if raw.phase2_follow_up.is_some() {
                    let fault = follow_up_at.fail("under `independent_increments` stage 1 ends at the transition");
                    return Err(fault.hint("remove it; a patch removes it with null"));
                }
                if !self.log_rank {
                    return Err(patients_at
                        .fail("`independent_increments` are those of the log-rank test, which `primary` does not use")
                        .hint("test by `logrank`, or write \"phase2_patients\": \"own_cohort\""));
                }
                Ok(Stage1::IndependentIncrements)
            }
            None => {
                let rule = format!("method `{}` needs `phase2_patients`, which evidence is stage 1", raw.method.name());
                Err(patients_at.fail(rule).hint("write \"phase2_patients\": \"own_cohort\""))
            }
        }
    }

    fn analyses(&self, cohort: &Cohort, at: &At<'_>) -> Checked<Vec<Analysis>> {
        let raw = &self.raw.analyses;
        length(raw, 1, limits::LOOKS, "analyses", at)?;
        unique(raw.iter().map(|look| look.name.as_str()), ("a look", "looks"), |i, rule| {
            at.index(i).key("name").fail(rule)
        })?;
        let last = raw.len() - 1;
        let last_at = at.index(last);
        let own = self.setting(cohort, Some(FinalEvents::Itself));
        let final_trigger = when(&raw[last].when, &own, &last_at.key("when"))?;
        let final_events = {
            let events: Vec<&Trigger> =
                final_trigger.leaves().into_iter().filter(|leaf| leaf.planned_events().is_some()).collect();
            if let [events] = events[..] { FinalEvents::At(events) } else { FinalEvents::Unclear }
        };
        let setting = self.setting(cohort, Some(final_events));
        let mut looks = Vec::with_capacity(raw.len());
        for (index, look) in raw[..last].iter().enumerate() {
            looks.push(Analysis {
                name: look.name.clone(),
                when: when(&look.when, &setting, &at.index(index).key("when"))?,
            });
        }
        looks.push(Analysis { name: raw[last].name.clone(), when: final_trigger.clone() });
        for (index, pair) in looks.windows(2).enumerate() {
            let fraction = raw[index + 1].when.event_fraction.map(|_| "event_fraction");
            increasing(&pair[0].when, &pair[1].when, fraction, &at.index(index + 1).key("when"))?;
        }
        Ok(looks)
    }
}

/// Checks that a look comes after the one before, where both are conditions of one kind; `written` is the key in the file
/// where it is not the condition's own.
fn increasing(before: &Trigger, after: &Trigger, written: Option<&str>, at: &At<'_>) -> Checked<()> {
    let (key, earlier, later) = match (before, after) {
        (
            Trigger::Events { count: earlier, endpoint: e1, stratum: s1, arms: a1 },
            Trigger::Events { count: later, endpoint: e2, stratum: s2, arms: a2 },
        ) if e1.is_death() == e2.is_death() && s1 == s2 && a1 == a2 => ("events", *earlier, *later),
        (Trigger::Enrolled { count: earlier }, Trigger::Enrolled { count: later }) => ("enrolled", *earlier, *later),
        (Trigger::Calendar { month: earlier }, Trigger::Calendar { month: later }) => ("calendar", *earlier, *later),
        (Trigger::MinFollowUp { months: earlier }, Trigger::MinFollowUp { months: later }) => {
            ("min_follow_up", *earlier, *later)
        }
        _ => return Ok(()),
    };
    if later > earlier {
        Ok(())
    } else {
        Err(at
            .key(written.unwrap_or(key))
            .fail(format!("looks must come one after the other: {later} is not above the look before, {earlier}")))
    }
}

/// Whether the trigger cannot be met before every phase II patient is enrolled.
fn fills_phase2(trigger: &Trigger, patients: f64) -> bool {
    match trigger {
        Trigger::Enrolled { count } => *count == patients,
        Trigger::MinFollowUp { .. } => true,
        Trigger::All(parts) => parts.iter().any(|part| fills_phase2(part, patients)),
        Trigger::Any(parts) => parts.iter().all(|part| fills_phase2(part, patients)),
        _ => false,
    }
}

fn at_least_arms(patients: f64, arms: &[String], at: &At<'_>) -> Checked<f64> {
    if patients >= arms.len() as f64 {
        Ok(patients)
    } else {
        Err(at.fail(format!("must be at least the number of arms, {}", arms.len())))
    }
}

fn intersection(raw: Option<&str>, at: &At<'_>) -> Checked<Intersection> {
    let name = raw.unwrap_or("dunnett");
    match registry::find(INTERSECTIONS, name) {
        Some(entry) => Ok((entry.build)(&[])),
        None if name == raw::LATER_INTERSECTION => Err(at.not_yet(&format!("the intersection test `{name}`"))),
        None => {
            let known: Vec<&str> = raw::intersection_names().collect();
            Err(at.fail("unknown name").maybe_hint(suggest::hint(name, "intersection tests", &known)))
        }
    }
}
