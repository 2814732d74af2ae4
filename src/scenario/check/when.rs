//! Triggers: raw conditions → [`Trigger`].

use super::{Facts, exactly_one, length};
use crate::scenario::fault::{At, Checked};
use crate::scenario::limits;
use crate::scenario::raw::when::When;
use crate::scenario::suggest;
use crate::survival::Endpoint;
use crate::transition::Trigger;

/// What a trigger may refer to.
pub(crate) struct Setting<'a> {
    /// The truth's facts.
    pub facts: &'a Facts,
    /// Arms of the protocol, the control first.
    pub arms: &'a [String],
    /// Endpoint of `events` where none is named.
    pub endpoint: Endpoint,
    /// Patients whose events and enrolment count.
    pub patients: f64,
    /// Who they are, for the message ("the trial", "phase II").
    pub cohort: &'static str,
    /// The events condition of the final analysis, for `event_fraction`; `None` where a fraction has no meaning.
    pub final_events: Option<FinalEvents<'a>>,
}

/// Where `event_fraction` finds its whole.
#[derive(Debug, Clone, Copy)]
pub(crate) enum FinalEvents<'a> {
    /// This condition of the final analysis.
    At(&'a Trigger),
    /// The final analysis has no single events condition.
    Unclear,
    /// This is the final analysis.
    Itself,
}

/// A trigger in its setting.
pub(crate) fn when(raw: &When, setting: &Setting<'_>, at: &At<'_>) -> Checked<Trigger> {
    let mut conditions = 0;
    setting.build(raw, at, &mut conditions)
}

impl Setting<'_> {
    fn build(&self, raw: &When, at: &At<'_>, conditions: &mut usize) -> Checked<Trigger> {
        *conditions += 1;
        if *conditions > limits::CONDITIONS {
            return Err(at.fail(format!("a trigger has at most {} conditions", limits::CONDITIONS)));
        }
        let form = exactly_one(
            &[
                ("events", raw.events.is_some()),
                ("enrolled", raw.enrolled.is_some()),
                ("calendar", raw.calendar.is_some()),
                ("min_follow_up", raw.min_follow_up.is_some()),
                ("after_previous", raw.after_previous.is_some()),
                ("event_fraction", raw.event_fraction.is_some()),
                ("all", raw.all.is_some()),
                ("any", raw.any.is_some()),
            ],
            at,
        )?;
        if form != "events" {
            let extras = [
                ("endpoint", raw.endpoint.is_some()),
                ("population", raw.population.is_some()),
                ("arms", raw.arms.is_some()),
            ];
            if let Some((key, _)) = extras.iter().find(|(_, there)| *there) {
                return Err(at.key(key).fail(format!("`{key}` goes with `events`, not with `{form}`")));
            }
        }
        let here = at.key(form);
        if let Some(count) = raw.events {
            self.within(count.get(), "events", &here)?;
            return self.events(raw, count.get(), at);
        }
        if let Some(count) = raw.enrolled {
            self.within(count.get(), "enrolled patients", &here)?;
            return Ok(Trigger::Enrolled { count: count.get() });
        }
        if let Some(month) = raw.calendar {
            return Ok(Trigger::Calendar { month: month.get() });
        }
        if let Some(months) = raw.min_follow_up {
            return Ok(Trigger::MinFollowUp { months: months.get() });
        }
        if let Some(months) = raw.after_previous {
            return Ok(Trigger::AfterPrevious { months: months.get() });
        }
        if let Some(fraction) = raw.event_fraction {
            return self.fraction(fraction.get(), &here);
        }
        let mut parts = |list: &[When]| -> Checked<Vec<Trigger>> {
            length(list, 1, limits::CONDITIONS, "conditions", &here)?;
            list.iter().enumerate().map(|(index, part)| self.build(part, &here.index(index), conditions)).collect()
        };
        match (&raw.all, &raw.any) {
            (Some(list), _) => Ok(Trigger::All(parts(list)?)),
            (None, list) => Ok(Trigger::Any(parts(list.as_deref().unwrap_or_default())?)),
        }
    }

    fn within(&self, count: f64, what: &str, at: &At<'_>) -> Checked<()> {
        if count <= self.patients {
            Ok(())
        } else {
            let rule =
                format!("{count} {what} can never be reached with the {} patients of {}", self.patients, self.cohort);
            Err(at.fail(rule))
        }
    }

    fn events(&self, raw: &When, count: f64, at: &At<'_>) -> Checked<Trigger> {
        let endpoint =
            raw.endpoint.map_or(Ok(self.endpoint), |endpoint| self.facts.endpoint(endpoint, &at.key("endpoint")))?;
        let stratum = raw.population.as_ref().map(|name| {
            self.facts.strata.iter().position(|stratum| stratum == name).ok_or_else(|| {
                let known: Vec<&str> = self.facts.strata.iter().map(String::as_str).collect();
                let fault = at.key("population").fail(format!("{} has no stratum `{name}`", self.facts.whose()));
                fault.maybe_hint(suggest::hint(name, "strata", &known))
            })
        });
        let arms_at = at.key("arms");
        let arms = raw.arms.as_ref().map(|names| {
            length(names, 1, limits::ARMS, "arms", &arms_at)?;
            super::unique(names.iter().map(String::as_str), ("an arm", "arms"), |index, rule| {
                arms_at.index(index).fail(rule)
            })?;
            let known: Vec<&str> = self.arms.iter().map(String::as_str).collect();
            names
                .iter()
                .enumerate()
                .map(|(index, name)| {
                    self.arms.iter().position(|arm| arm == name).ok_or_else(|| {
                        let fault = arms_at.index(index).fail(format!("`{name}` is not an arm of the protocol"));
                        fault.maybe_hint(suggest::hint(name, "arms", &known))
                    })
                })
                .collect::<Checked<Vec<usize>>>()
        });
        Ok(Trigger::Events { count, endpoint, stratum: stratum.transpose()?, arms: arms.transpose()? })
    }

    fn fraction(&self, fraction: f64, at: &At<'_>) -> Checked<Trigger> {
        match self.final_events {
            Some(FinalEvents::At(Trigger::Events { count, endpoint, stratum, arms })) => {
                let count = (fraction * count).round().max(1.0);
                Ok(Trigger::Events { count, endpoint: *endpoint, stratum: *stratum, arms: arms.clone() })
            }
            Some(FinalEvents::Itself) => Err(at.fail("the final analysis cannot be a fraction of its own events")),
            Some(_) => Err(at
                .fail("needs a final analysis with exactly one `events` condition, of which it is the fraction")
                .hint("give the final analysis an `events` condition, or write `events` here")),
            None => {
                Err(at.fail("a fraction of the final analysis's events has no meaning here").hint("write `events`"))
            }
        }
    }
}
