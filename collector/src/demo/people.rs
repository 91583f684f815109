//! What the simulated people do: the next action on a ticket, a pure function of the ticket and of now. Whether it is
//! possible, the rules of tickets decide as they do for real people.

use crate::domain::ticket::{Ticket, TicketAction, TicketClass, TicketState};
use pantau_shared::timestamp::Timestamp;

const MINUTE: i64 = 60;
const PEOPLE: [&str; 4] = ["Sari Wulandari", "Budi Hartono", "Rina Marlina", "Agus Saputra"];
const CAUSES: [(&str, &str); 5] = [
    ("Layanan aplikasi berhenti setelah pembaruan; sudah dijalankan ulang", "aplikasi"),
    ("Koneksi basis data penuh; batas koneksi dinaikkan", "basis_data"),
    ("Listrik ruang server padam, genset terlambat menyala", "listrik"),
    ("Sambungan serat optik ke penyedia terputus", "jaringan"),
    ("Memori server habis oleh proses laporan bulanan", "sistem_operasi"),
];
/// The service that is disturbed by the same cause every time.
const RECURRING: &str = "service:simpeg";
/// Tickets recorded this shortly before the end of the past are left where they are: restored, waiting.
const LEFT_PULIH: i64 = 6 * 60 * MINUTE;
/// And these stay confirmed, not yet closed.
const LEFT_CONFIRMED: i64 = 30 * 60 * MINUTE;

/// Who handles a ticket.
pub(super) fn handler(ticket: &Ticket) -> &'static str {
    PEOPLE[ticket.number.number as usize % PEOPLE.len()]
}

/// What is done next, if it is time for it. `end` is the end of the generated past.
pub(super) fn next_action(ticket: &Ticket, now: Timestamp, end: Timestamp) -> Option<TicketAction> {
    let number = i64::from(ticket.number.number);
    let after = |at: Option<Timestamp>, seconds: i64| at.is_some_and(|at| now >= at.plus_secs(seconds));
    let before_end = end.ms_since(ticket.recorded_at) / 1000;
    let (cause, category) = cause_of(ticket);
    match ticket.state {
        // Every fifth is answered late; what was recorded minutes ago has nobody seen yet.
        TicketState::Baru => {
            let patience = if number % 5 == 3 { 50 * MINUTE } else { (10 + number % 4) * MINUTE };
            after(Some(ticket.recorded_at), patience).then_some(TicketAction::Acknowledge)
        }
        TicketState::Ditanggapi if ticket.key.class == TicketClass::Capacity => None,
        TicketState::Ditanggapi => {
            after(ticket.first_response_at, 8 * MINUTE).then(|| TicketAction::Estimate(now.plus_secs(2 * 60 * MINUTE)))
        }
        TicketState::Ditangani => after(ticket.first_response_at, 60 * MINUTE).then(|| {
            TicketAction::Escalate("Belum pulih; dibantu Penanggung Jawab Infrastruktur dan Aplikasi".to_owned())
        }),
        // It climbed by itself before anybody answered, or before anybody said until when.
        TicketState::Dieskalasi if ticket.first_response_at.is_none() => {
            let patience = if number % 5 == 3 { 50 * MINUTE } else { 20 * MINUTE };
            after(Some(ticket.recorded_at), patience).then_some(TicketAction::Acknowledge)
        }
        TicketState::Dieskalasi if ticket.estimated_at.is_none() && ticket.key.class != TicketClass::Capacity => {
            after(ticket.first_response_at, 8 * MINUTE).then(|| TicketAction::Estimate(now.plus_secs(2 * 60 * MINUTE)))
        }
        TicketState::Dieskalasi => None,
        TicketState::Pulih if before_end < LEFT_PULIH => None,
        TicketState::Pulih if is_false_alarm(ticket) => after(ticket.restored_at, 30 * MINUTE).then(|| {
            let reason = "Uji beban terjadwal, bukan gangguan".to_owned();
            TicketAction::Cancel { reason, false_alarm: true }
        }),
        TicketState::Pulih if ticket.cause.is_none() => after(ticket.restored_at, 20 * MINUTE)
            .then(|| TicketAction::Cause { text: cause.to_owned(), category: Some(category.to_owned()) }),
        TicketState::Pulih => after(ticket.restored_at, (30 + number % 5 * 10) * MINUTE)
            .then(|| TicketAction::Confirm { method: "telepon".to_owned() }),
        TicketState::SelesaiTerkonfirmasi if before_end < LEFT_CONFIRMED => None,
        TicketState::SelesaiTerkonfirmasi => after(ticket.confirmed_at, 60 * MINUTE).then_some(TicketAction::Close),
        TicketState::Ditutup | TicketState::Dibatalkan => None,
    }
}

/// What people write as the cause. The database of one service keeps running out of connections: that is what a review is
/// to find.
fn cause_of(ticket: &Ticket) -> (&'static str, &'static str) {
    let place = if ticket.key.to_string().starts_with(RECURRING) { 1 } else { ticket.number.number as usize };
    CAUSES[place % CAUSES.len()]
}

/// Slow spells of the attendance service were load tests.
fn is_false_alarm(ticket: &Ticket) -> bool {
    ticket.key.to_string().starts_with("service:absensi")
}

/// Whether somebody will act on it soon, so that time is to be walked in small steps.
pub(super) fn is_lively(ticket: &Ticket, end: Timestamp) -> bool {
    let far = ticket.recorded_at.plus_secs(30 * 86_400);
    next_action(ticket, far, end).is_some()
}
