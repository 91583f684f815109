//! Receivers and routes in `collector.toml`: `[[webhook]]`, `[[email]]`, `[[telegram]]`, `[[mqtt]]`, `[[alertmanager]]`,
//! `[[glpi]]`, `[[zammad]]`, `[[osticket]]`, `[[route]]`. Each table may stand several times.
//!
//! Names are unique over all kinds: the outbox knows a receiver by its name. Secrets are read from files when the
//! collector starts; here they are only looked at. The options with their texts are in [`super::receiver_options`].

use super::diagnostics::{Diagnostics, Placed, TableReader};
use crate::domain::catalogue::ServiceId;
use crate::domain::route::{DayHours, Route, Routing};
use crate::domain::ticket::TicketClass;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Most receivers of a kind, and routes.
const ITEMS_MAX: usize = 32;
const TEXT_MAX: usize = 1_000;
const NAME_MAX: usize = 64;
/// How often a help desk is asked by default, in seconds.
const POLL_S: u32 = 300;
/// A shorter secret of a webhook can be guessed; other secrets are given by the receiver.
const WEBHOOK_SECRET_BYTES_MIN: usize = 16;

/// A configured receiver of tickets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receiver {
    /// Its name in logs, metrics, routes and the outbox.
    pub name: String,
    /// What it is.
    pub kind: ReceiverKind,
}

/// The kinds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReceiverKind {
    /// Alerts pushed to an Alertmanager.
    Alertmanager(AlertmanagerSettings),
    /// Mail.
    Email(EmailSettings),
    /// A GLPI.
    Glpi(GlpiSettings),
    /// An MQTT broker.
    Mqtt(MqttSettings),
    /// An osTicket.
    Osticket(OsticketSettings),
    /// A Telegram chat.
    Telegram(TelegramSettings),
    /// Signed calls.
    Webhook(WebhookSettings),
    /// A Zammad.
    Zammad(ZammadSettings),
}

impl ReceiverKind {
    /// Whether it can tell what is no ticket: a help desk would open one.
    pub const fn tells_people(&self) -> bool {
        match self {
            Self::Email(_) | Self::Mqtt(_) | Self::Telegram(_) | Self::Webhook(_) => true,
            Self::Alertmanager(_) | Self::Glpi(_) | Self::Osticket(_) | Self::Zammad(_) => false,
        }
    }

    /// The table's name.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Alertmanager(_) => "alertmanager",
            Self::Email(_) => "email",
            Self::Glpi(_) => "glpi",
            Self::Mqtt(_) => "mqtt",
            Self::Osticket(_) => "osticket",
            Self::Telegram(_) => "telegram",
            Self::Webhook(_) => "webhook",
            Self::Zammad(_) => "zammad",
        }
    }
}

/// `[[alertmanager]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertmanagerSettings {
    /// Its address without `/api`.
    pub url: String,
}

/// How a mail server is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailSecurity {
    /// In the clear; on loopback only.
    None,
    /// Plain at first, TLS required before anything is said.
    Starttls,
    /// TLS from the first byte.
    Tls,
}

/// `[[email]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailSettings {
    /// Name or address of the mail server.
    pub server: String,
    /// Its port.
    pub port: u16,
    /// How it is spoken to.
    pub security: MailSecurity,
    /// PEM of an authority that is trusted for it besides those of the system.
    pub ca_file: Option<PathBuf>,
    /// Sender, with or without a name.
    pub from: String,
    /// Receivers; at least one.
    pub to: Vec<String>,
    /// Login, together with `password_file`.
    pub username: Option<String>,
    /// File with its password.
    pub password_file: Option<PathBuf>,
}

/// `[[glpi]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GlpiSettings {
    /// Address of `apirest.php`.
    pub url: String,
    /// File with the app token, where GLPI wants one.
    pub app_token_file: Option<PathBuf>,
    /// File with the user's API token.
    pub user_token_file: PathBuf,
    /// How often it is asked what others changed there, in seconds; 0: never.
    pub poll_s: u32,
}

/// `[[mqtt]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MqttSettings {
    /// Name or address of the broker.
    pub server: String,
    /// Its port.
    pub port: u16,
    /// Whether it is spoken to over TLS.
    pub tls: bool,
    /// What every topic begins with.
    pub topic: String,
    /// Login.
    pub username: Option<String>,
    /// File with its password.
    pub password_file: Option<PathBuf>,
}

/// `[[osticket]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OsticketSettings {
    /// Address of the help desk.
    pub url: String,
    /// File with the API key.
    pub key_file: PathBuf,
    /// In whose name tickets are made.
    pub email: String,
}

/// `[[telegram]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TelegramSettings {
    /// Address of the Bot API.
    pub url: String,
    /// File with the bot's token.
    pub token_file: PathBuf,
    /// Number or @name of the chat.
    pub chat: String,
}

/// `[[webhook]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookSettings {
    /// Where.
    pub url: String,
    /// File with what signs.
    pub secret_file: PathBuf,
    /// File with the template of the body.
    pub template_file: Option<PathBuf>,
}

/// `[[zammad]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZammadSettings {
    /// Its address without `/api`.
    pub url: String,
    /// File with an access token of the permission `ticket.agent`.
    pub token_file: PathBuf,
    /// Group of new tickets.
    pub group: String,
    /// Mail address of the customer in whose name tickets are made.
    pub customer: String,
    /// How often it is asked what others changed there, in seconds; 0: never.
    pub poll_s: u32,
}

/// What reads a file: the file system, or a test.
pub(super) type ReadFile<'f> = &'f dyn Fn(&Path) -> std::io::Result<Vec<u8>>;

/// All receivers that are enabled, and the routes to them.
pub(super) fn read(d: &mut Diagnostics<'_>, root: &TableReader<'_>, files: ReadFile<'_>) -> (Vec<Receiver>, Routing) {
    let mut receivers = Vec::new();
    let mut names: BTreeSet<String> = BTreeSet::new();
    for (key, kind) in KINDS {
        for table in root.tables(d, key).iter().take(ITEMS_MAX) {
            let name = table.required_text(d, "name", NAME_MAX);
            let enabled = table.boolean(d, "enabled").unwrap_or(true);
            let kind = kind(d, table, files);
            table.finish(d);
            let Some(name) = name else { continue };
            if !names.insert(name.value.clone()) {
                d.add(name.span, &name.key, true, "is the name of another receiver", "give each its own name");
            } else if let Some(kind) = kind.filter(|_| enabled) {
                receivers.push(Receiver { name: name.value, kind });
            }
        }
    }
    let routes: Vec<Route> =
        root.tables(d, "route").iter().take(ITEMS_MAX).map(|table| read_route(d, table, &names)).collect();
    let targets = receivers.iter().map(|receiver| receiver.name.clone()).collect();
    let telling = receivers.iter().filter(|receiver| receiver.kind.tells_people());
    let notices = telling.map(|receiver| receiver.name.clone()).collect();
    (receivers, Routing { targets, routes, notices })
}

type ReadKind = fn(&mut Diagnostics<'_>, &TableReader<'_>, ReadFile<'_>) -> Option<ReceiverKind>;

const KINDS: [(&str, ReadKind); 8] = [
    ("webhook", read_webhook),
    ("email", read_email),
    ("telegram", read_telegram),
    ("mqtt", read_mqtt),
    ("alertmanager", read_alertmanager),
    ("glpi", read_glpi),
    ("zammad", read_zammad),
    ("osticket", read_osticket),
];

fn read_webhook(d: &mut Diagnostics<'_>, table: &TableReader<'_>, files: ReadFile<'_>) -> Option<ReceiverKind> {
    let url = url(d, table);
    let secret_file = secret(d, table, "secret_file", WEBHOOK_SECRET_BYTES_MIN, files);
    let template_file = template(d, table, files);
    Some(ReceiverKind::Webhook(WebhookSettings { url: url?, secret_file: secret_file?, template_file }))
}

fn read_email(d: &mut Diagnostics<'_>, table: &TableReader<'_>, files: ReadFile<'_>) -> Option<ReceiverKind> {
    let server = table.required_text(d, "server", TEXT_MAX);
    let parse = |code: &str| match code {
        "starttls" => Some(MailSecurity::Starttls),
        "tls" => Some(MailSecurity::Tls),
        "none" => Some(MailSecurity::None),
        _ => None,
    };
    let security = table.choice(d, "security", &["starttls", "tls", "none"], parse).unwrap_or(MailSecurity::Starttls);
    let usual = match security {
        MailSecurity::Starttls => 587,
        MailSecurity::Tls => 465,
        MailSecurity::None => 25,
    };
    let port = port(d, table, usual);
    let from = table.required_text(d, "from", TEXT_MAX);
    let to = table.texts(d, "to", TEXT_MAX);
    if to.is_empty() {
        table.missing(d, "to", "give at least one address, such as [\"piket@bangka.go.id\"]");
    }
    for address in from.iter().chain(&to) {
        if address.value.parse::<lettre::message::Mailbox>().is_err() {
            d.add(
                address.span.clone(),
                &address.key,
                true,
                "is no mail address",
                "give name@domain or Name <name@domain>",
            );
        }
    }
    let (username, password_file) = login(d, table, files);
    let ca_file = authority(d, table, security, files);
    let server = server?;
    let here = matches!(server.value.as_str(), "localhost" | "127.0.0.1" | "::1");
    if security == MailSecurity::None && !here {
        let remedy = "set `security` to \"starttls\" or \"tls\"";
        d.add(server.span, &server.key, true, "is not loopback and has no TLS", remedy);
    }
    Some(ReceiverKind::Email(EmailSettings {
        server: server.value,
        port,
        security,
        ca_file,
        from: from?.value,
        to: to.into_iter().map(|to| to.value).take(ITEMS_MAX).collect(),
        username,
        password_file,
    }))
}

/// A given authority that is one, and is of use.
fn authority(
    d: &mut Diagnostics<'_>,
    table: &TableReader<'_>,
    security: MailSecurity,
    files: ReadFile<'_>,
) -> Option<PathBuf> {
    let file = table.text(d, "ca_file", TEXT_MAX)?;
    let problem = match (security, files(Path::new(&file.value))) {
        (MailSecurity::None, _) => Some(("is of no use without TLS".to_owned(), "set `security` too")),
        (MailSecurity::Starttls | MailSecurity::Tls, Err(error)) => {
            Some((format!("cannot be read ({error})"), "make the file, readable for this user"))
        }
        (MailSecurity::Starttls | MailSecurity::Tls, Ok(pem)) => (!crate::outputs::receivers::is_authority(&pem))
            .then(|| ("holds no certificate".to_owned(), "give the authority's certificate as PEM")),
    };
    if let Some((problem, remedy)) = problem {
        wrong(d, &file, &problem, remedy);
    }
    Some(PathBuf::from(file.value))
}

fn read_telegram(d: &mut Diagnostics<'_>, table: &TableReader<'_>, files: ReadFile<'_>) -> Option<ReceiverKind> {
    let url = if table.has("url") { url(d, table)? } else { "https://api.telegram.org".to_owned() };
    let chat = table.required_text(d, "chat", NAME_MAX);
    let token_file = secret(d, table, "token_file", 1, files);
    Some(ReceiverKind::Telegram(TelegramSettings { url, token_file: token_file?, chat: chat?.value }))
}

fn read_mqtt(d: &mut Diagnostics<'_>, table: &TableReader<'_>, files: ReadFile<'_>) -> Option<ReceiverKind> {
    let server = table.required_text(d, "server", TEXT_MAX);
    let tls = table.boolean(d, "tls").unwrap_or(false);
    let port = port(d, table, if tls { 8883 } else { 1883 });
    let topic = table.text(d, "topic", TEXT_MAX);
    if let Some(topic) = topic.as_ref().filter(|topic| topic.value.contains(['#', '+', '\0'])) {
        d.add(topic.span.clone(), &topic.key, true, "holds a wildcard", "give a plain topic, such as \"pantau\"");
    }
    let (username, password_file) = login(d, table, files);
    let topic = topic.map_or_else(|| "pantau".to_owned(), |topic| topic.value.trim_matches('/').to_owned());
    Some(ReceiverKind::Mqtt(MqttSettings { server: server?.value, port, tls, topic, username, password_file }))
}

fn read_alertmanager(d: &mut Diagnostics<'_>, table: &TableReader<'_>, _: ReadFile<'_>) -> Option<ReceiverKind> {
    Some(ReceiverKind::Alertmanager(AlertmanagerSettings { url: url(d, table)? }))
}

fn read_glpi(d: &mut Diagnostics<'_>, table: &TableReader<'_>, files: ReadFile<'_>) -> Option<ReceiverKind> {
    let url = url(d, table);
    let app_token_file = if table.has("app_token_file") { secret(d, table, "app_token_file", 1, files) } else { None };
    let user_token_file = secret(d, table, "user_token_file", 1, files);
    let poll_s = poll(d, table);
    let user_token_file = user_token_file?;
    Some(ReceiverKind::Glpi(GlpiSettings { url: url?, app_token_file, user_token_file, poll_s }))
}

fn read_zammad(d: &mut Diagnostics<'_>, table: &TableReader<'_>, files: ReadFile<'_>) -> Option<ReceiverKind> {
    let url = url(d, table);
    let token_file = secret(d, table, "token_file", 1, files);
    let group = table.required_text(d, "group", TEXT_MAX);
    let customer = table.required_text(d, "customer", TEXT_MAX);
    let poll_s = poll(d, table);
    let (group, customer) = (group?.value, customer?.value);
    Some(ReceiverKind::Zammad(ZammadSettings { url: url?, token_file: token_file?, group, customer, poll_s }))
}

/// How often a help desk is asked; a shorter time than a minute is none at all.
fn poll(d: &mut Diagnostics<'_>, table: &TableReader<'_>) -> u32 {
    let poll = table.duration_ms(d, "poll", 0..=86_400_000);
    let seconds = poll.as_ref().map_or(POLL_S, |poll| u32::try_from(poll.value / 1000).unwrap_or(POLL_S));
    if let Some(poll) = poll.filter(|_| (1..60).contains(&seconds)) {
        d.add(
            poll.span,
            &poll.key,
            true,
            "is shorter than a minute",
            "give \"1m\" or more, or \"0s\" to follow nothing",
        );
    }
    seconds
}

fn read_osticket(d: &mut Diagnostics<'_>, table: &TableReader<'_>, files: ReadFile<'_>) -> Option<ReceiverKind> {
    let url = url(d, table);
    let key_file = secret(d, table, "key_file", 1, files);
    let email = table.required_text(d, "email", TEXT_MAX);
    Some(ReceiverKind::Osticket(OsticketSettings { url: url?, key_file: key_file?, email: email?.value }))
}

fn read_route(d: &mut Diagnostics<'_>, table: &TableReader<'_>, names: &BTreeSet<String>) -> Route {
    let mut route = Route::default();
    for text in table.texts(d, "services", NAME_MAX) {
        match ServiceId::parse(&text.value) {
            Ok(id) => drop(route.services.insert(id)),
            Err(_) => wrong(d, &text, "is no identifier of a service", "give the `id` of a service"),
        }
    }
    route.providers.extend(table.texts(d, "providers", TEXT_MAX).into_iter().map(|text| text.value));
    for text in table.texts(d, "priorities", 2) {
        match text.value.strip_prefix('P').and_then(|digit| digit.parse().ok()).filter(|p| (1..=6).contains(p)) {
            Some(priority) => drop(route.priorities.insert(priority)),
            None => wrong(d, &text, "is no priority", "give \"P1\" to \"P6\""),
        }
    }
    for text in table.texts(d, "classes", NAME_MAX) {
        match TicketClass::parse(&text.value) {
            Some(class) => drop(route.classes.insert(class)),
            None => {
                let known: Vec<&str> = TicketClass::ALL.into_iter().map(TicketClass::code).collect();
                wrong(d, &text, "is no class of tickets", &format!("give one of {}", known.join(", ")));
            }
        }
    }
    for (key, into) in [("hours", &mut route.hours), ("quiet", &mut route.quiet)] {
        let Some(text) = table.text(d, key, NAME_MAX) else { continue };
        *into = DayHours::parse(&text.value);
        if into.is_none() {
            wrong(d, &text, "is no span of a day", "give HH:MM-HH:MM, such as \"07:30-16:00\"");
        }
    }
    let to = table.texts(d, "to", NAME_MAX);
    if to.is_empty() {
        table.missing(d, "to", "give at least one receiver's name");
    }
    for text in to {
        if !names.contains(&text.value) {
            wrong(d, &text, "is no receiver of this file", "give the `name` of a receiver");
        }
        route.targets.insert(text.value);
    }
    table.finish(d);
    route
}

fn wrong(d: &mut Diagnostics<'_>, text: &Placed<String>, problem: &str, remedy: &str) {
    d.add(text.span.clone(), &text.key, true, problem, remedy);
}

fn url(d: &mut Diagnostics<'_>, table: &TableReader<'_>) -> Option<String> {
    let url = table.required_text(d, "url", TEXT_MAX)?;
    if !["http://", "https://"].iter().any(|scheme| url.value.starts_with(scheme)) {
        wrong(d, &url, "is no address of a web server", "begin with https:// or http://");
    }
    Some(url.value)
}

pub(super) fn port(d: &mut Diagnostics<'_>, table: &TableReader<'_>, usual: u16) -> u16 {
    let port = table.integer(d, "port", 1..=65_535);
    port.and_then(|port| u16::try_from(port.value).ok()).unwrap_or(usual)
}

pub(super) fn login(
    d: &mut Diagnostics<'_>,
    table: &TableReader<'_>,
    files: ReadFile<'_>,
) -> (Option<String>, Option<PathBuf>) {
    let username = table.text(d, "username", TEXT_MAX);
    let file = if table.has("password_file") { secret(d, table, "password_file", 1, files) } else { None };
    if let (Some(username), None) = (&username, &file)
        && !table.has("password_file")
    {
        wrong(d, username, "stands alone", "give `password_file` too");
    }
    (username.map(|username| username.value), file)
}

fn secret(
    d: &mut Diagnostics<'_>,
    table: &TableReader<'_>,
    key: &'static str,
    min: usize,
    files: ReadFile<'_>,
) -> Option<PathBuf> {
    let file = table.required_text(d, key, TEXT_MAX)?;
    match files(Path::new(&file.value)) {
        Ok(bytes) if bytes.trim_ascii().len() >= min => {}
        Ok(_) if min == 1 => wrong(d, &file, "is empty", "write the secret into it"),
        Ok(_) => {
            let problem = format!("holds fewer than {min} bytes");
            wrong(d, &file, &problem, "write a secret into it: `openssl rand -hex 32`");
        }
        Err(error) => {
            wrong(d, &file, &format!("cannot be read ({error})"), "make the file, readable for this user");
        }
    }
    Some(PathBuf::from(file.value))
}

/// A template that is read, compiles, and makes something of an example.
fn template(d: &mut Diagnostics<'_>, table: &TableReader<'_>, files: ReadFile<'_>) -> Option<PathBuf> {
    let file = table.text(d, "template_file", TEXT_MAX)?;
    let remedy = "see \"Other programs\" in the README for its fields";
    match files(Path::new(&file.value)) {
        Ok(bytes) => {
            if let Err(error) = crate::outputs::receivers::try_template(&String::from_utf8_lossy(&bytes)) {
                wrong(d, &file, &format!("is no template ({error})"), remedy);
            }
        }
        Err(error) => {
            wrong(d, &file, &format!("cannot be read ({error})"), "make the file, readable for this user");
        }
    }
    Some(PathBuf::from(file.value))
}
