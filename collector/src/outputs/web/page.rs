//! What every page knows: reader, language, theme, where it is. And the words that many pages share: badges of states,
//! verdicts, priorities, due times.

use super::assets;
use super::markup::{Badge, Icon, Tone};
use crate::auth::Role;
use crate::domain::availability::Verdict;
use crate::domain::profile::TimeTarget;
use crate::domain::state::State;
use crate::domain::ticket::{Ticket, TicketState};
use crate::snapshot::BackupState;
use crate::store::{ReadOnly, ReadOnlyCause, SpaceView};
use crate::texts::{Language, Texts};
use pantau_shared::timestamp::Timestamp;

/// Light, dark, or as the reader's system says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Theme {
    Auto,
    Dark,
    Light,
}

impl Theme {
    /// The code in the cookie and in the page.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Dark => "dark",
            Self::Light => "light",
        }
    }

    /// Reads a code.
    pub(crate) fn parse(code: &str) -> Option<Self> {
        [Self::Auto, Self::Dark, Self::Light].into_iter().find(|theme| theme.code() == code)
    }

    /// What the switch leads to.
    fn next(self) -> Self {
        match self {
            Self::Auto => Self::Light,
            Self::Light => Self::Dark,
            Self::Dark => Self::Auto,
        }
    }
}

/// Where in the product a page belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    Overview,
    Hosts,
    Tickets,
    Backups,
    Corrections,
    Maintenance,
    Reports,
    System,
    None,
}

/// One entry of the navigation.
#[derive(Debug)]
pub(crate) struct NavigationItem {
    pub(crate) href: &'static str,
    pub(crate) icon: Icon,
    pub(crate) label: String,
    pub(crate) current: bool,
    /// Something waits there: how much.
    pub(crate) count: usize,
}

/// Who reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reader {
    pub(crate) name: String,
    pub(crate) role: Role,
    /// Token that forms carry.
    pub(crate) csrf: String,
}

/// The store takes nothing from agents: since when, and what is free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ReadOnlyNotice {
    pub(crate) read_only: ReadOnly,
    pub(crate) free_bytes: Option<u64>,
}

impl ReadOnlyNotice {
    /// As the store stands.
    pub(crate) fn of(space: SpaceView) -> Option<Self> {
        let free_bytes = space.disk.map(|disk| disk.free_bytes);
        space.read_only.map(|read_only| Self { read_only, free_bytes })
    }
}

/// The frame of a page.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    pub(crate) texts: Texts,
    pub(crate) theme: Theme,
    pub(crate) reader: Option<Reader>,
    pub(crate) section: Section,
    pub(crate) title: String,
    /// Path and query of this page, for links that come back to it.
    pub(crate) path: String,
    pub(crate) now: Timestamp,
    pub(crate) demo: bool,
    pub(crate) read_only: Option<ReadOnlyNotice>,
    pub(crate) open_tickets: usize,
    pub(crate) backups_at_risk: usize,
    /// Maintenance, and corrections, that wait for a second person.
    pub(crate) proposed: (usize, usize),
}

impl Page {
    /// A message.
    pub(crate) fn tr(&self, id: &str) -> String {
        self.texts.get(id)
    }

    /// The language's code.
    pub(crate) fn language(&self) -> &'static str {
        self.texts.language().code()
    }

    /// The other language's code.
    pub(crate) fn other_language(&self) -> &'static str {
        self.texts.language().other().code()
    }

    /// The other language's name, in that language.
    pub(crate) fn other_language_name(&self) -> &'static str {
        match self.texts.language().other() {
            Language::Id => "Bahasa Indonesia",
            Language::En => "English",
        }
    }

    /// The address of an embedded file.
    pub(crate) fn asset(&self, name: &str) -> String {
        assets::url(name)
    }

    /// An icon by name.
    pub(crate) fn icon(&self, name: &'static str) -> Icon {
        Icon(name)
    }

    /// What the theme switch leads to.
    pub(crate) fn next_theme(&self) -> &'static str {
        self.theme.next().code()
    }

    /// The icon of the theme in force.
    pub(crate) fn theme_icon(&self) -> Icon {
        Icon(match self.theme {
            Theme::Auto => "auto",
            Theme::Dark => "moon",
            Theme::Light => "sun",
        })
    }

    /// The theme in force, in words.
    pub(crate) fn theme_label(&self) -> String {
        self.tr(match self.theme {
            Theme::Auto => "theme-auto",
            Theme::Dark => "theme-dark",
            Theme::Light => "theme-light",
        })
    }

    /// The token for forms; empty when nobody is logged in.
    pub(crate) fn csrf(&self) -> &str {
        self.reader.as_ref().map_or("", |reader| &reader.csrf)
    }

    /// Whether the reader may act.
    pub(crate) fn may_act(&self) -> bool {
        self.reader.as_ref().is_some_and(|reader| reader.role.may_act())
    }

    /// Whether the reader may approve what others proposed.
    pub(crate) fn may_approve(&self) -> bool {
        self.reader.as_ref().is_some_and(|reader| reader.role.may_approve())
    }

    /// The time of the page, for people.
    pub(crate) fn updated(&self) -> String {
        self.texts.text("updated", &[("time", &self.texts.clock_seconds(self.now))])
    }

    /// What the banner of a full disk says: heading and text.
    pub(crate) fn read_only_words(&self) -> Option<(String, String)> {
        let notice = self.read_only?;
        let id = match notice.read_only.cause {
            ReadOnlyCause::LowSpace => "read-only-low-space",
            ReadOnlyCause::WriteFailed => "read-only-write-failed",
        };
        let free = notice.free_bytes.map_or_else(|| "–".to_owned(), |bytes| self.texts.bytes(bytes));
        let since = self.texts.instant(notice.read_only.since);
        let title = self.texts.text("read-only-title", &[("since", &since)]);
        Some((title, self.texts.text(id, &[("free", &free)])))
    }

    /// The navigation.
    pub(crate) fn navigation(&self) -> Vec<NavigationItem> {
        let item = |section, href, icon, label, count| NavigationItem {
            href,
            icon: Icon(icon),
            label: self.tr(label),
            current: self.section == section,
            count,
        };
        let administers = self.reader.as_ref().is_some_and(|reader| reader.role == Role::Admin);
        let own = administers.then(|| item(Section::System, "/system", "disk", "nav-system", 0));
        let mut items = vec![
            item(Section::Overview, "/", "home", "nav-overview", 0),
            item(Section::Hosts, "/hosts", "server", "nav-hosts", 0),
            item(Section::Tickets, "/tickets", "ticket", "nav-tickets", self.open_tickets),
            item(Section::Backups, "/backups", "archive", "nav-backups", self.backups_at_risk),
            item(Section::Maintenance, "/maintenance", "calendar", "nav-maintenance", self.proposed.0),
            item(Section::Corrections, "/corrections", "pencil", "nav-corrections", self.proposed.1),
            item(Section::Reports, "/reports", "report", "nav-reports", 0),
        ];
        items.extend(own);
        items
    }
}

/// A service's or check's state.
pub(crate) fn state_badge(texts: Texts, state: State) -> Badge {
    let tone = match state {
        State::Up => Tone::Good,
        State::Degraded => Tone::Warn,
        State::Down => Tone::Bad,
        State::Unknown => Tone::Unknown,
    };
    Badge::new(tone, texts.get(&format!("state-{}", state.name())))
}

/// A verdict on availability.
pub(crate) fn verdict_badge(texts: Texts, verdict: Verdict) -> Badge {
    let tone = match verdict {
        Verdict::Met => Tone::Good,
        Verdict::NotMet => Tone::Bad,
        Verdict::InsufficientData => Tone::Unknown,
        Verdict::NoServiceTime | Verdict::NoTarget => Tone::Neutral,
    };
    Badge::new(tone, texts.get(&format!("verdict-{}", verdict.code().replace('_', "-"))))
}

/// A ticket's state (field 9).
pub(crate) fn ticket_state_badge(texts: Texts, state: TicketState) -> Badge {
    let (tone, icon) = match state {
        TicketState::Baru => (Tone::Bad, "alert"),
        TicketState::Ditanggapi => (Tone::Info, "eye"),
        TicketState::Ditangani => (Tone::Info, "wrench"),
        TicketState::Dieskalasi => (Tone::Warn, "up"),
        TicketState::Pulih => (Tone::Good, "restore"),
        TicketState::SelesaiTerkonfirmasi => (Tone::Good, "check"),
        TicketState::Ditutup => (Tone::Neutral, "lock"),
        TicketState::Dibatalkan => (Tone::Neutral, "cancel"),
    };
    let label = texts.get(&format!("ticket-state-{}", state.code().replace('_', "-")));
    Badge { tone, icon: Icon(icon), label }
}

/// A backup set's state.
pub(crate) fn backup_badge(texts: Texts, state: BackupState) -> Badge {
    let (tone, id) = match state {
        BackupState::Segar => (Tone::Good, "backup-segar"),
        BackupState::Peringatan => (Tone::Warn, "backup-peringatan"),
        BackupState::Langgar => (Tone::Bad, "backup-langgar"),
        BackupState::TanpaCadangan => (Tone::Bad, "backup-tanpa-cadangan"),
        BackupState::BelumDitetapkan => (Tone::Warn, "backup-belum-ditetapkan"),
        BackupState::Informasi => (Tone::Neutral, "backup-informasi"),
    };
    Badge::new(tone, texts.get(id))
}

/// Whether a backup set needs a person.
pub(crate) fn backup_at_risk(state: BackupState) -> bool {
    match state {
        BackupState::Langgar | BackupState::TanpaCadangan | BackupState::Peringatan | BackupState::BelumDitetapkan => {
            true
        }
        BackupState::Segar | BackupState::Informasi => false,
    }
}

/// A clock of a ticket: what is due, and how that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DueView {
    pub(crate) badge: Badge,
    /// The instant at which it becomes late; empty without a target.
    pub(crate) due: String,
    pub(crate) late: bool,
}

/// The clock from a report to `done` (or to now, while it runs) against its target; by the target's own operator.
pub(crate) fn due_view(
    texts: Texts,
    target: Option<TimeTarget>,
    reported: Timestamp,
    done: Option<Timestamp>,
    now: Timestamp,
) -> DueView {
    let Some(target) = target else {
        let badge = Badge::new(Tone::Neutral, texts.get("due-no-target"));
        return DueView { badge, due: String::new(), late: false };
    };
    let due = reported.plus_secs(i64::from(target.seconds));
    let seen = done.unwrap_or(now);
    let late = !target.is_met_by(seen.ms_since(reported) / 1000);
    let span = if late { texts.between(due, seen) } else { texts.between(seen, due) };
    let (tone, id) = match (done.is_some(), late) {
        (true, true) => (Tone::Bad, "due-done-late"),
        (true, false) => (Tone::Good, "due-done-in-time"),
        (false, true) => (Tone::Bad, "due-late"),
        (false, false) => (Tone::Info, "due-left"),
    };
    let icon = Icon(if late { "alert" } else { "clock" });
    let badge = Badge { tone, icon, label: texts.text(id, &[("span", &span)]) };
    DueView { badge, due: texts.instant_short(due), late }
}

/// The clock of Tabel 4: from the report to the first answer of a person.
pub(crate) fn response_due(texts: Texts, ticket: &Ticket, now: Timestamp) -> DueView {
    due_view(texts, ticket.response_target, ticket.reported_at, ticket.first_response_at, now)
}

/// The clock of Tabel 2: from the report to the confirmation.
pub(crate) fn resolution_due(texts: Texts, ticket: &Ticket, now: Timestamp) -> DueView {
    due_view(texts, ticket.resolution_target, ticket.reported_at, ticket.confirmed_at, now)
}

/// The clock of a ticket that runs out first and is still running.
pub(crate) fn next_due(texts: Texts, ticket: &Ticket, now: Timestamp) -> DueView {
    if ticket.first_response_at.is_none() {
        response_due(texts, ticket, now)
    } else {
        resolution_due(texts, ticket, now)
    }
}
