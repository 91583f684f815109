//! The monitoring form in words: sections with facts, tables and sums, in one language. Page, print, text and XLSX are
//! made of this one value, so none of them says less than another. Knows no markup.

mod basis;
mod calculation;
mod continuity;
mod service;

pub(crate) use super::basis::budget as budget_row;
use super::document::{self, Document, Head, Summary};
use super::seal::Seal;
pub(crate) use basis::{forecast, minutes};
pub(crate) use continuity::{claim as pending_claim, effect as pending_effect};

use crate::texts::Texts;
use pantau_shared::timestamp::Timestamp;

/// A form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// Heading.
    pub title: String,
    /// Period and legal basis.
    pub lead: String,
    /// `SEMENTARA` or `FINAL`.
    pub status: String,
    /// Whether it is final.
    pub is_final: bool,
    /// In order.
    pub sections: Vec<Section>,
}

/// A part of a form.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Section {
    /// Heading.
    pub title: String,
    /// Begins a service: a page of its own in print.
    pub begins_service: bool,
    /// Name and value.
    pub facts: Vec<(String, String)>,
    /// Tables.
    pub tables: Vec<Table>,
    /// Sentences and sums, one a line.
    pub lines: Vec<String>,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Table {
    /// What it shows; empty where the section's heading says it.
    pub caption: String,
    /// Heading of each column, and whether it holds numbers.
    pub columns: Vec<(String, bool)>,
    /// Cells in the order of columns.
    pub rows: Vec<Vec<String>>,
    /// What is said when there is no row.
    pub empty: String,
}

impl Table {
    /// Without rows; headings and what is said when there is none are messages.
    pub(crate) fn new(texts: Texts, columns: &[(&str, bool)], empty: &str) -> Self {
        let columns = columns.iter().map(|(id, number)| (texts.get(id), *number)).collect();
        Self { caption: String::new(), columns, rows: Vec::new(), empty: texts.get(empty) }
    }
}

/// How much of a document is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail<'a> {
    /// Every service with its calculation.
    All,
    /// The summary and this service.
    Service(&'a str),
    /// The summary alone.
    Summary,
}

/// The form of a document; `seal` is that of a frozen one.
pub fn render(texts: Texts, document: &Document, seal: Option<&Seal>, detail: Detail<'_>) -> Form {
    let head = &document.head;
    let is_final = head.status == "final";
    let status = texts.get(if is_final { "form-status-final" } else { "form-status-provisional" });
    let mut sections = vec![head_section(texts, head), summary_section(texts, document)];
    sections.extend((!head.changes.is_empty()).then(|| changes_section(texts, head)));
    let is_shown = |id: &str| match detail {
        Detail::All => true,
        Detail::Service(shown) => id == shown,
        Detail::Summary => false,
    };
    for service in document.services.iter().filter(|service| is_shown(&service.id)) {
        sections.extend(service::sections(texts, head, service));
        sections.push(calculation::section(texts, service));
    }
    sections.push(assumptions_section(texts, head));
    sections.extend(seal.map(|seal| seal_section(texts, seal)));
    Form {
        title: texts.get("form-monitoring-title"),
        lead: format!("{} · {}", period_name(texts, head), head.legal_basis),
        status,
        is_final,
        sections,
    }
}

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_secs(seconds)
}

/// `Juni 2026` for a month, else as it is written.
fn period_name(texts: Texts, head: &Head) -> String {
    use crate::domain::calendar::period::{Period, PeriodKind};
    match Period::parse(&head.period) {
        Ok(period) if period.kind() == PeriodKind::Month => texts.month(period.first_date()),
        Ok(_) | Err(_) => head.period.clone(),
    }
}

fn head_section(texts: Texts, head: &Head) -> Section {
    let fact = |id: &str, value: String| (texts.get(id), value);
    let mut facts = vec![
        fact("form-legal-basis", head.legal_basis.clone()),
        fact("form-office", head.providers.join("; ")),
        fact("form-period", format!("{} – {}", texts.instant(at(head.from)), texts.instant(at(head.to)))),
        fact("form-as-of", texts.instant(at(head.made_at))),
        fact("form-revision", head.revision.to_string()),
        fact(
            "form-rules",
            texts.text(
                "form-rules-value",
                &[
                    ("counting", &head.rules.counting.to_string()),
                    ("profile", &head.rules.profile),
                    ("catalogue", &head.rules.catalogue_revision.to_string()),
                ],
            ),
        ),
    ];
    if let Some(approval) = &head.approval {
        facts.push(fact("form-approved-by", format!("{} · {}", approval.by, texts.instant(at(approval.at)))));
        facts.extend((!approval.reason.is_empty()).then(|| fact("form-reason", approval.reason.clone())));
    }
    if let Some(previous) = &head.previous {
        facts.push(fact("form-previous", format!("{} · SHA-256 {}", previous.revision, previous.sha256)));
    }
    Section { title: texts.get("form-head"), facts, ..Section::default() }
}

fn summary_section(texts: Texts, document: &Document) -> Section {
    let Summary { met, judged, not_met, insufficient_data, no_service_time, without_target, by_target_period } =
        document.summary;
    let mut table = Table::new(
        texts,
        &[
            ("form-met", true),
            ("form-not-met", true),
            ("form-insufficient", true),
            ("form-no-time", true),
            ("form-without-target", true),
        ],
        "form-none",
    );
    let of_judged = |count: u32| texts.text("form-of", &[("part", &count.to_string()), ("whole", &judged.to_string())]);
    table.rows.push(vec![
        of_judged(met),
        of_judged(not_met),
        of_judged(insufficient_data),
        no_service_time.to_string(),
        without_target.to_string(),
    ]);
    let columns = [
        ("column-service", false),
        ("column-target", true),
        ("availability", true),
        ("figure-coverage", true),
        ("figure-down", true),
        ("figure-outages", true),
        ("form-budget-left", true),
        ("form-forecast", false),
        ("column-verdict", false),
    ];
    let mut services = Table::new(texts, &columns, "services-empty-title");
    for service in &document.services {
        let figures = &service.figures;
        services.rows.push(vec![
            service.name.clone(),
            target(texts, figures.target_ppm),
            percent(texts, figures.availability_ppm),
            percent(texts, figures.coverage_ppm),
            texts.duration(figures.down_s),
            texts.number(figures.outages),
            left(texts, service),
            service.budget.as_ref().map_or_else(|| "–".to_owned(), |budget| forecast(texts, budget)),
            summary_verdict(texts, service, by_target_period),
        ]);
    }
    let mut lines = vec![texts.get("form-summary-note")];
    let differs = |service: &document::ServiceReport| service.binding_verdict() != service.figures.verdict;
    lines.extend(
        (by_target_period && document.services.iter().any(differs)).then(|| texts.get("form-summary-by-target")),
    );
    let waiting: usize = document.services.iter().map(|service| service.pending_corrections.len()).sum();
    lines.extend((waiting > 0).then(|| texts.text("form-pending", &[("count", &waiting.to_string())])));
    Section { title: texts.get("report-summary"), tables: vec![table, services], lines, ..Section::default() }
}

/// The verdict that the summary counts; with the report's own where that is another.
fn summary_verdict(texts: Texts, service: &document::ServiceReport, by_target_period: bool) -> String {
    let (binding, own) = (service.binding_verdict(), service.figures.verdict.as_str());
    if !by_target_period || binding == own {
        return verdict(texts, own);
    }
    texts.text("form-verdict-binding", &[("binding", &verdict(texts, binding)), ("own", &verdict(texts, own))])
}

/// What is left of the budget: of the whole period while it runs.
fn left(texts: Texts, service: &document::ServiceReport) -> String {
    let whole = service.budget.as_ref().map(|budget| budget.left_s);
    whole.or(service.figures.budget_left_s).map_or_else(|| "–".to_owned(), |left| minutes(texts, left))
}

/// The availability report: head, summary and notes of a document.
pub fn render_availability(texts: Texts, document: &Document) -> Form {
    let form = render(texts, document, None, Detail::Summary);
    Form { title: texts.get("report-title"), ..form }
}

fn changes_section(texts: Texts, head: &Head) -> Section {
    let columns = [("column-service", false), ("form-field", false), ("form-before", true), ("form-after", true)];
    let mut table = Table::new(texts, &columns, "form-none");
    for change in &head.changes {
        let cells = [&change.service, &change.field, &change.before, &change.after];
        table.rows.push(cells.map(Clone::clone).to_vec());
    }
    Section { title: texts.get("form-changes"), tables: vec![table], ..Section::default() }
}

fn assumptions_section(texts: Texts, head: &Head) -> Section {
    let facts = head.assumptions.iter().map(|assumption| (assumption.number.clone(), assumption.note.clone()));
    let facts = facts.collect();
    Section { title: texts.get("report-notes"), facts, ..Section::default() }
}

fn seal_section(texts: Texts, seal: &Seal) -> Section {
    let fact = |id: &str, value: String| (texts.get(id), value);
    let facts = vec![
        fact("seal-hash", seal.sha256.clone()),
        fact("seal-key", in_groups(&seal.key_id)),
        fact("seal-signature", seal.signature.clone()),
        fact("seal-algorithm", seal.algorithm.clone()),
    ];
    Section { title: texts.get("seal-title"), facts, lines: vec![texts.get("seal-how")], ..Section::default() }
}

/// Hexadecimal digits in groups of four, so that two people can compare them.
pub fn in_groups(digits: &str) -> String {
    let characters: Vec<char> = digits.chars().collect();
    let groups: Vec<String> = characters.chunks(4).map(|group| group.iter().collect()).collect();
    groups.join(" ")
}

pub(crate) fn percent(texts: Texts, ppm: Option<u32>) -> String {
    ppm.map_or_else(|| "–".to_owned(), |ppm| texts.percent(ppm))
}

fn target(texts: Texts, ppm: Option<u32>) -> String {
    ppm.map_or_else(|| "–".to_owned(), |ppm| texts.percent_exact(ppm))
}

fn verdict(texts: Texts, code: &str) -> String {
    texts.get(&format!("verdict-{}", code.replace('_', "-")))
}

/// The form as plain text.
pub fn render_text(form: &Form) -> String {
    let mut out = format!("{}\n{}\n{}\n", form.title, form.lead, form.status);
    for section in &form.sections {
        out += &format!("\n{}\n{}\n", section.title, "-".repeat(section.title.chars().count()));
        let width = section.facts.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        for (name, value) in &section.facts {
            out += &format!("{name:<width$}  {value}\n");
        }
        for table in &section.tables {
            out += &text_table(table);
        }
        for line in &section.lines {
            out += &format!("{line}\n");
        }
    }
    out
}

fn text_table(table: &Table) -> String {
    let mut out = if table.caption.is_empty() { String::new() } else { format!("{}\n", table.caption) };
    if table.rows.is_empty() {
        return out + &table.empty + "\n";
    }
    let headings: Vec<String> = table.columns.iter().map(|(heading, _)| heading.clone()).collect();
    let lines: Vec<&Vec<String>> = std::iter::once(&headings).chain(&table.rows).collect();
    let widest = |place: usize| lines.iter().filter_map(|l| l.get(place)).map(|c| c.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..headings.len()).map(widest).collect();
    for line in lines {
        let cells = line.iter().zip(&widths).zip(&table.columns).map(|((cell, &width), (_, number))| {
            if *number { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
        });
        out += cells.collect::<Vec<_>>().join("  ").trim_end();
        out.push('\n');
    }
    out
}
