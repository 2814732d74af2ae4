//! A trial with several primary endpoints that share alpha along a graph.

use crate::engine::simulation::replicate::enrolled_by;
use crate::engine::simulation::tally::LookRecord;
use crate::engine::simulation::trial::{Trial, Workspace};
use crate::protocol::Several;

impl Trial<'_> {
    /// The looks of a trial on its first `patients`. At every look the endpoints due are tested, then every hypothesis not yet rejected
    /// is held against the bound of its level at its latest look, until nothing falls: a level that comes late also counts for a look
    /// that is past (Maurer and Bretz 2013, section 3; Liu and Anderson 2008).
    pub(super) fn graphical(&self, work: &mut Workspace, several: &Several, patients: usize) {
        work.months.forget();
        let range = 0..patients;
        for death in [false, true] {
            if several.endpoints.iter().any(|endpoint| endpoint.is_death() == death) {
                let from = &work.patients;
                work.phase2[usize::from(death)].rebuild(
                    &from.entry[..patients],
                    &from.event(death)[..patients],
                    &from.dropout[..patients],
                    &from.cell[..patients],
                );
            }
        }
        work.latest.clear();
        work.latest.resize(several.endpoints.len(), None);
        let (mut rejected, mut previous) = (0_usize, 0.0);
        let all = (1 << several.endpoints.len()) - 1;
        let last = self.protocol.analyses.len() - 1;
        for (look, analysis) in self.protocol.analyses.iter().enumerate() {
            let month = self.month(work, range.clone(), &analysis.when, previous).max(previous);
            previous = month;
            for (index, endpoint) in several.endpoints.iter().enumerate() {
                if several.tested[look][index] {
                    let data = &work.phase2[usize::from(endpoint.is_death())];
                    work.latest[index] = Some((self.log_rank(data, month, 0).z(), look));
                }
            }
            let falls = |set: usize, index: usize, latest: &Option<(f64, usize)>| {
                set >> index & 1 == 0 && latest.is_some_and(|(z, at)| z >= self.plan.endpoints[index].bounds[set][at])
            };
            while let Some(index) = (0..work.latest.len()).find(|&index| falls(rejected, index, &work.latest[index])) {
                rejected |= 1 << index;
                work.tests.rejected[index] = true;
            }
            let entry = LookRecord {
                month,
                events: self.cohort(work, range.clone(), 0.0).events_by(self.death, month),
                patients: enrolled_by(&work.patients.entry, month),
            };
            work.record.looks.push(entry);
            work.record.statistics.push(work.latest[0].map_or(f64::NAN, |(z, _)| z));
            if rejected != 0 && work.record.efficacy_at.is_none() {
                work.record.efficacy_at = Some(look);
            }
            if rejected == all || look == last {
                work.record.end = Some(entry);
                return;
            }
        }
    }
}
