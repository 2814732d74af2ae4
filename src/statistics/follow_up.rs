//! Patients' whole follow-up, sorted once, so that the data of any calendar cut are read in linear passes.

use crate::numerics::sorting::Sorter;
use crate::statistics::RiskSet;

/// What a cell of patients is in a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Role {
    /// Counts as control.
    Control = 0,
    /// Counts as treated.
    Treated = 1,
    /// Not in the comparison.
    Ignored = 2,
}

/// The follow-up of one endpoint: struct of arrays, buffers reused from trial to trial.
///
/// A patient's information ends at the event or at drop-out, whichever is first. At calendar cut t a patient who entered
/// by t is observed for min(end, t − entry); the event counts if entry + event ≤ t. Since t − entry falls with the order
/// of entry and the ends are sorted once, the risk sets of a cut need two pointers and no sort.
#[derive(Debug, Clone, Default)]
pub struct FollowUp {
    // In order of entry.
    entry: Vec<f64>,
    rows: Vec<Row>,
    /// In order of the end since entry; at equal ends events come first.
    sorted: Vec<Row>,
    sorter: Sorter,
}

/// One patient: end since entry, its calendar month, cell, and whether the end is an event.
#[derive(Debug, Clone, Copy, Default)]
struct Row {
    end: f64,
    month: f64,
    cell: u16,
    event: bool,
}

/// Patients looked at together: those without an end by the cut are left out before the rest is walked.
const BATCH: usize = 64;

impl FollowUp {
    /// Nothing yet, with room for `patients`.
    pub fn with_capacity(patients: usize) -> Self {
        Self {
            entry: Vec::with_capacity(patients),
            rows: Vec::with_capacity(patients),
            sorted: Vec::with_capacity(patients),
            sorter: Sorter::with_capacity(patients),
        }
    }

    /// Replaces the patients: calendar months of `entry` (not decreasing), months since entry of the `event` and of
    /// `dropout` (at least 0, infinite for never; an event at the very time of drop-out counts), and the `cell` that
    /// roles are given to. All slices have one entry per patient.
    pub fn rebuild(&mut self, entry: &[f64], event: &[f64], dropout: &[f64], cell: &[u16]) {
        let patients = entry.len();
        debug_assert!(entry.is_sorted() && event.len() == patients && dropout.len() == patients);
        let (event, dropout, cell) = (&event[..patients], &dropout[..patients], &cell[..patients]);
        self.entry.clear();
        self.entry.extend_from_slice(entry);
        let columns = entry.iter().zip(event).zip(dropout).zip(cell);
        self.rows.clear();
        self.rows.extend(columns.map(|(((&entry, &event), &dropout), &cell)| {
            let end = if event < dropout { event } else { dropout };
            Row { end, month: entry + end, cell, event: event <= dropout && event < f64::INFINITY }
        }));
        self.sort();
    }

    /// Sorts by the end since entry.
    fn sort(&mut self) {
        // Sorting whole words is twice as fast as sorting pairs: the low bits of the time make way for the index, and
        // the few neighbours that differ only there are put right afterwards.
        let patients = self.rows.len();
        let mask = (1u64 << ((patients.max(2) - 1).ilog2() + 1)) - 1;
        for (i, (key, row)) in self.sorter.keys(patients).iter_mut().zip(&self.rows).enumerate() {
            *key = (row.end.to_bits() & !mask) | i as u64;
        }
        let rows = &self.rows;
        let keys = self.sorter.sort(patients);
        self.sorted.clear();
        self.sorted.extend(keys.iter().map(|key| rows[(key & mask) as usize]));
        for place in 1..patients {
            self.put_right(place);
        }
    }

    /// Moves the patient at `place` down to where the whole numbers want it.
    #[inline]
    fn put_right(&mut self, place: usize) {
        let mut j = place;
        while j > 0 {
            let (a, b) = (self.sorted[j], self.sorted[j - 1]);
            if a.end > b.end || (a.end == b.end && a.event <= b.event) {
                return;
            }
            self.sorted.swap(j, j - 1);
            j -= 1;
        }
    }

    /// Calls `each` with the risk set of every event time, ascending, of the data as cut at calendar month `cut`.
    /// `roles` has one entry per cell. Allocates nothing.
    #[inline]
    pub fn for_each_risk_set(&self, cut: f64, roles: &[Role], mut each: impl FnMut(RiskSet)) {
        let entered = self.entry.partition_point(|&entry| entry <= cut);
        let (entry, rows) = (&self.entry[..entered], &self.rows[..entered]);
        let weight = |cell: u16| WEIGHT[roles[usize::from(cell)] as usize];
        let mut at_risk: u64 = rows.iter().map(|row| weight(row.cell)).sum();
        // Patients whose follow-up the cut ends leave in reverse order of entry.
        let mut open = entered;
        let (mut events, mut time) = (0, 0.0);
        let mut batch = [0; BATCH];
        for sorted in self.sorted.chunks(BATCH) {
            // Whether a patient's end is seen cannot be guessed: a sum instead of a branch.
            let mut seen = 0;
            for (i, row) in sorted.iter().enumerate() {
                batch[seen % BATCH] = i;
                seen += usize::from(row.month <= cut) * usize::from(roles[usize::from(row.cell)] != Role::Ignored);
            }
            for &i in &batch[..seen] {
                let row = &sorted[i];
                if row.end != time || !row.event {
                    if events > 0 {
                        each(risk_set(time, at_risk, events));
                        at_risk -= events;
                        events = 0;
                    }
                    time = row.end;
                    while open > 0 && cut - entry[open - 1] < time {
                        open -= 1;
                        // All bits or none: whether the end was seen before the cut cannot be guessed either.
                        at_risk -= weight(rows[open].cell) & u64::from(rows[open].month > cut).wrapping_neg();
                    }
                }
                if row.event {
                    events += weight(row.cell);
                } else {
                    at_risk -= weight(row.cell);
                }
            }
        }
        if events > 0 {
            each(risk_set(time, at_risk, events));
        }
    }
}

/// Patients of both groups counted in one word, controls in its low half.
const WEIGHT: [u64; 3] = [1, 1 << 32, 0];

#[inline]
fn risk_set(time: f64, at_risk: u64, events: u64) -> RiskSet {
    RiskSet {
        time,
        control: at_risk as u32,
        treated: (at_risk >> 32) as u32,
        control_events: events as u32,
        treated_events: (events >> 32) as u32,
    }
}
