//! Answers for people and programs: one dictionary of names, units and formats, terminal tables, the JSON contract, and the
//! report with its figures and tables.

mod analysis;
mod answer;
mod assurance;
mod break_even;
mod description;
mod dictionary;
mod dossier;
mod figures;
mod language;
mod map;
mod optimum;
mod page;
mod plot;
mod prose;
mod sheet;
mod sheets;
mod table;
mod worst_case;

pub use analysis::{analysis_json, analysis_text};
pub use answer::{Header, answer_json, answers_json, ranking_json, solved_json};
pub use assurance::{assurance_json, assurance_text};
pub use break_even::{break_even_json, break_even_text};
pub use description::{description_json, description_text};
pub use dictionary::{DICTIONARY, Format, Term, term};
pub use dossier::dossier_json;
pub use figures::Figure;
pub use language::Language;
pub use map::{map_json, map_text};
pub use optimum::{optimum_json, optimum_text};
pub use page::{Report, report};
pub use prose::{Paragraph, design as design_in_words};
pub use sheet::{Cell, Sheet};
pub use table::{answer_text, comparison_text, curve_text, guarantee_text, ranking_text, size_text};
pub use worst_case::{worst_case_json, worst_case_text};
