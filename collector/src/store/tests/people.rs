//! Hosts and their tokens, people, programs, settings, revisions of the catalogue.

use super::*;

fn user(name: &str) -> UserRecord {
    UserRecord { name: name.into(), password_hash: "$argon2id$1".into(), role: "admin".into(), disabled_at: None }
}

fn session(user: &str, seconds: i64) -> SessionRecord {
    let (user, role, csrf) = (user.into(), "admin".into(), "c".into());
    SessionRecord { token_hash: [5; 32], user, role, csrf, expires_at: at(seconds) }
}

fn token(secret: u8, replace: bool) -> JoinTokenRecord {
    let secret_hash = [secret; 32];
    JoinTokenRecord { secret_hash, host: host("web"), replace, created_at: at(0), expires_at: at(100) }
}

#[test]
fn a_join_token_binds_one_key_once() {
    let fixture = Fixture::new();
    let key = |byte| HostKey { public_key: vec![byte; 32], machine_id_hash: "m".into() };
    let redeem = |secret: u8, byte: u8, seconds| {
        fixture.write(move |w| w.redeem_join_token(&[secret; 32], &key(byte), at(seconds))).expect("writes")
    };
    for (secret, replace) in [(1, false), (2, false), (3, true), (4, true)] {
        fixture.write(move |w| w.create_join_token(&token(secret, replace))).expect("new");
    }
    assert_eq!(redeem(9, 1, 5), Err(JoinRefusal::Unknown));
    assert_eq!(redeem(1, 1, 100), Err(JoinRefusal::Expired));
    assert_eq!(redeem(1, 1, 99), Ok(host("web")));
    assert_eq!(redeem(1, 1, 99), Ok(host("web")), "its reply may have been lost");
    assert_eq!(redeem(1, 2, 99), Err(JoinRefusal::Used));
    assert_eq!(redeem(2, 2, 99), Err(JoinRefusal::Enrolled));
    fixture.write(|w| w.revoke_host(&host("web"), at(99))).expect("revokes");
    assert_eq!(redeem(1, 1, 99), Err(JoinRefusal::Used), "a spent token does not bring a revoked host back");
    assert_eq!(redeem(3, 2, 99), Ok(host("web")));
    let record = fixture.read(|r| r.host(&host("web"))).expect("enrolled");
    assert_eq!((record.public_key, record.revoked_at), (vec![2; 32], None));
    let short = HostKey { public_key: vec![1; 31], machine_id_hash: String::new() };
    assert!(fixture.write(move |w| w.redeem_join_token(&[4; 32], &short, at(5))).is_err());
    assert_eq!(redeem(4, 4, 5), Ok(host("web")), "the failed try used nothing up");
    assert_eq!(fixture.read(Reader::hosts).len(), 1);
}

#[test]
fn revoking_tells_whether_there_was_anything_to_revoke() {
    let fixture = Fixture::new();
    fixture.enrol("web-01");
    let revoke = |id: &'static str| fixture.write(move |w| w.revoke_host(&host(id), at(5))).expect("writes");
    assert_eq!((revoke("web-01"), revoke("web-01"), revoke("stranger")), (true, false, false));
}

#[test]
fn sessions_end_with_time_password_and_user() {
    let fixture = Fixture::new();
    assert!(!fixture.read(Reader::users_exist));
    assert!(fixture.write(|w| w.save_session(&session("sari", 10))).is_err(), "nobody of that name");
    fixture.write(|w| w.save_user(&user("sari"))).expect("writes");
    assert!(fixture.read(Reader::users_exist));
    let login = |seconds| fixture.write(move |w| w.save_session(&session("sari", seconds))).expect("writes");
    let found = |seconds| fixture.read(|r| r.session(&[5; 32], at(seconds)));
    login(10);
    assert_eq!((found(9), found(10)), (Some(session("sari", 10)), None));
    fixture.write(|w| w.delete_session(&[5; 32])).expect("writes");
    assert_eq!(found(9), None);
    login(10);
    fixture.write(|w| w.save_user(&UserRecord { role: "viewer".into(), ..user("sari") })).expect("writes");
    assert_eq!(found(9).map(|session| session.role), Some("viewer".into()), "a new role counts at once");
    fixture.write(|w| w.save_user(&UserRecord { password_hash: "$2".into(), ..user("sari") })).expect("writes");
    assert_eq!(found(9), None, "a new password logs out");
    login(10);
    let disabled = UserRecord { disabled_at: Some(at(5)), password_hash: "$2".into(), ..user("sari") };
    fixture.write(move |w| w.save_user(&disabled)).expect("writes");
    assert_eq!(found(9), None);
    assert_eq!(fixture.read(|r| r.user("sari")).and_then(|user| user.disabled_at), Some(at(5)));
    assert_eq!(fixture.read(|r| r.user("budi")), None);
}

#[test]
fn tokens_settings_and_catalogues_come_back() {
    let fixture = Fixture::new();
    let token = ApiTokenRecord {
        token_hash: [6; 32],
        name: "grafana".into(),
        scope: "read".into(),
        created_at: at(1),
        revoked_at: None,
    };
    let revoked = ApiTokenRecord { revoked_at: Some(at(2)), ..token.clone() };
    for record in [token, revoked.clone()] {
        fixture.write(move |w| w.save_api_token(&record)).expect("writes");
    }
    for value in ["1", "2"] {
        fixture.write(move |w| w.save_setting("demo", value)).expect("writes");
    }
    let revisions =
        ["a", "a", "b", "a"].map(|text| fixture.write(move |w| w.save_catalogue(text, at(7))).expect("writes"));
    assert_eq!(revisions, [1, 1, 2, 3], "equal to the newest is no new revision");
    let fixture = fixture.reopen();
    assert_eq!(fixture.read(|r| r.api_token(&[6; 32])), Some(revoked));
    assert_eq!(fixture.read(|r| r.setting("demo")), Some("2".into()));
    assert_eq!(fixture.read(|r| r.setting("other")), None);
    let newest = CatalogueRevision { revision: 3, applied_at: at(7), text: "a".into() };
    assert_eq!(fixture.read(Reader::catalogue), Some(newest));
}
