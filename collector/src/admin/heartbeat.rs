//! Keys of heartbeats for this machine's administrator: made, listed, revoked. Goes through the engine while one runs, so
//! that a key counts at once.

use super::AdminContext;
use crate::auth;
use crate::config::catalogue;
use crate::engine::Engine;
use crate::store::Store;
use crate::store::heartbeats::Heartbeat;
use anyhow::{Context, Result, ensure};
use pantau_shared::ids::BackupSetId;
use pantau_shared::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;

/// Who made a key on this machine.
const ACTOR: &str = "admin";

/// What can be done with keys.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeartbeatCommand {
    /// Lists the sets that have a key, and those that are of no use without one.
    List,
    /// Gives a set a key; the one before is void at once.
    New {
        /// Which set.
        set: String,
    },
    /// Takes a set its key: nothing is taken under it any more, and no signal is expected.
    Revoke {
        /// Which set.
        set: String,
    },
}

/// Carries one out.
///
/// # Errors
/// A set that is none, or the store.
pub(super) async fn execute(
    store: &Store,
    context: &AdminContext,
    command: HeartbeatCommand,
    now: Timestamp,
) -> Result<String> {
    match command {
        HeartbeatCommand::List => list(store, context),
        HeartbeatCommand::New { set } => new(store, context, &set, now).await,
        HeartbeatCommand::Revoke { set } => revoke(store, context.engine.as_ref(), &set).await,
    }
}

/// The sets of the catalogue in force, with their services and whether they need a heartbeat.
fn sets(store: &Store, context: &AdminContext) -> Result<Vec<(BackupSetId, String, bool)>> {
    let kept = store.read(|reader| reader.catalogue())?.context("no catalogue has been applied yet")?;
    let catalogue = catalogue::parse("catalogue in force", &kept.text, kept.revision, &context.profile)?;
    let of = |service: &crate::domain::catalogue::Service| {
        let id = service.id.to_string();
        service.backups.iter().map(move |set| (set.id.clone(), id.clone(), set.needs_heartbeat())).collect::<Vec<_>>()
    };
    Ok(catalogue.services.iter().flat_map(of).collect())
}

async fn new(store: &Store, context: &AdminContext, set: &str, now: Timestamp) -> Result<String> {
    let id = BackupSetId::parse(set)?;
    let known = sets(store, context)?.iter().any(|(known, ..)| *known == id);
    ensure!(known, "the catalogue in force has no backup set `{set}`");
    let key = auth::random_token(16)?;
    match &context.engine {
        Some(engine) => engine.save_heartbeat_key(id, key.clone(), ACTOR.to_owned()).await?,
        None => {
            let before = store.read(|reader| reader.heartbeat(&id))?;
            let begins_at = before.map_or(now, |before| before.begins_at);
            let heartbeat = Heartbeat { set: id, key: key.clone(), begins_at, made_at: now, made_by: ACTOR.into() };
            store.write(move |writer| writer.save_heartbeat(&heartbeat)).await?;
        }
    }
    Ok(render_new(set, &key))
}

fn render_new(set: &str, key: &str) -> String {
    format!(
        "{key}\n\nthe heartbeat of `{set}`; put it behind the address of this collector:\n  \
         PING=https://pantau.example.go.id/ping/{key}\n  \
         curl -fsS -m 10 --retry 5 -o /dev/null $PING/start    # it begins\n  \
         curl -fsS -m 10 --retry 5 -o /dev/null $PING/$?       # it ended with this exit code"
    )
}

fn list(store: &Store, context: &AdminContext) -> Result<String> {
    let mut text = format!("{:<28} {:<24} {:<24} {:<24} {}", "SET", "SERVICE", "KEY MADE", "LAST SIGNAL", "BY");
    let mut shown = 0;
    for (set, service, needs) in sets(store, context)? {
        let heartbeat = store.read(|reader| reader.heartbeat(&set))?;
        let last = store.read(|reader| reader.signals(&set, 1))?.into_iter().next();
        let Some(heartbeat) = heartbeat else {
            if needs {
                shown += 1;
                write!(text, "\n{:<28} {service:<24} none yet", set.as_str())?;
            }
            continue;
        };
        shown += 1;
        let last = last.map_or_else(|| "never".to_owned(), |signal| signal.at.floor_second().to_string());
        let made = heartbeat.made_at.floor_second().to_string();
        write!(text, "\n{:<28} {service:<24} {made:<24} {last:<24} {}", set.as_str(), heartbeat.made_by)?;
    }
    if shown == 0 {
        return Ok("no set has a heartbeat; make a key with `pantau-collector heartbeat new SET`".to_owned());
    }
    Ok(text)
}

async fn revoke(store: &Store, engine: Option<&Engine>, set: &str) -> Result<String> {
    let id = BackupSetId::parse(set)?;
    let found = store.read(|reader| reader.heartbeat(&id))?.is_some();
    ensure!(found, "`{set}` has no heartbeat");
    match engine {
        Some(engine) => engine.revoke_heartbeat_key(id).await?,
        None => store.write(move |writer| writer.drop_heartbeat(&id)).await?,
    }
    Ok(format!("the heartbeat of `{set}` is revoked; its address answers 404 from now on"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::profile::bangka_2025;
    use std::sync::Arc;

    const CATALOGUE: &str = "[[layanan]]\nid = \"s\"\nnama = \"S\"\ndeskripsi = \"d\"\npenyedia = \"p\"\ncara_akses = \"a\"\n\
        kontak_bantuan = \"k\"\nwaktu_bantuan = \"w\"\nkelompok = \"publik\"\nklasifikasi = \"esensial\"\n\
        [[layanan.cadangan]]\nid = \"malam\"\njenis = \"detak\"\n[[layanan.cadangan]]\nid = \"tugas\"\njenis = \"tugas\"\n";

    #[tokio::test]
    async fn a_key_is_made_listed_and_revoked_also_while_nothing_runs() {
        let folder = tempfile::tempdir().expect("a folder");
        let now = Timestamp::from_secs(1_790_000_000);
        let store = Store::open(&folder.path().join("pantau.db"), now).expect("opens");
        store.write(move |writer| writer.save_catalogue(CATALOGUE, now)).await.expect("saves");
        let context = AdminContext { profile: Arc::new(bangka_2025()), pin: None, engine: None };
        let ask = |command| execute(&store, &context, command, now);
        let malam = || "malam".to_owned();
        let told = ask(HeartbeatCommand::New { set: malam() }).await.expect("makes");
        let key = told.lines().next().expect("a key").to_owned();
        assert!(key.len() == 32 && told.contains(&format!("/ping/{key}")), "{told}");
        let set = BackupSetId::parse("malam").expect("valid");
        let of = |store: &Store| store.read(|r| r.heartbeat_by_key(&key)).expect("reads").map(|h| h.set);
        assert_eq!(of(&store), Some(set));
        let listed = ask(HeartbeatCommand::List).await.expect("lists");
        assert!(listed.contains("malam") && listed.contains("never") && listed.contains("none yet"), "{listed}");
        assert!(!listed.contains(&key), "a key is shown once, when it is made");
        ask(HeartbeatCommand::Revoke { set: malam() }).await.expect("revokes");
        assert_eq!(of(&store), None);
        let again = ask(HeartbeatCommand::Revoke { set: malam() }).await.expect_err("has none");
        assert_eq!(again.to_string(), "`malam` has no heartbeat");
        let stranger = ask(HeartbeatCommand::New { set: "lain".into() }).await.expect_err("unknown");
        assert_eq!(stranger.to_string(), "the catalogue in force has no backup set `lain`");
    }
}
