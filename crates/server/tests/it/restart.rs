//! The program killed under load: what it has acknowledged is there when it is back.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use cognate_server::rng::Rng;
use cognate_testkit::program::{Caller, Program};
use cognate_testkit::{FreshDatabase, MASTER_KEY};
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_cognate");

/// Rounds of load, each ended by SIGKILL.
const ROUNDS: usize = 4;

/// Clients at once in a round.
const CLIENTS: usize = 8;

/// What the server has told a client about one user, and what it was about to tell.
#[derive(Clone, Debug)]
struct Person {
    name: String,
    password: String,
    /// A password that a change was on its way to: whether it was made, nobody knows.
    changing_to: Option<String>,
    /// The code that was taken.
    confirmed_with: Option<String>,
    /// Refresh tokens that were handed out, and not revoked as far as the client knows.
    live: Vec<String>,
    revoked: Vec<String>,
}

/// One client's view of the service: a pool, an app client, and a way there.
#[derive(Clone)]
struct Service {
    caller: Caller,
    pool: String,
    client: String,
    /// People who were signed up, by every client.
    signed_up: Arc<AtomicUsize>,
}

impl Service {
    async fn set_up(caller: Caller) -> Self {
        let expect = async |operation: &str, body: Value| {
            let answer = caller.call(operation, &body).await.expect("the server answers");
            assert_eq!(answer.error(), None, "{operation}");
            answer.json()
        };
        let made = expect("CreateUserPool", json!({ "PoolName": "p", "AutoVerifiedAttributes": ["email"] })).await;
        let pool = made["UserPool"]["Id"].as_str().unwrap().to_owned();
        let flows = json!(["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]);
        let body = json!({ "UserPoolId": pool, "ClientName": "c", "ExplicitAuthFlows": flows });
        let made = expect("CreateUserPoolClient", body).await;
        let client = made["UserPoolClient"]["ClientId"].as_str().unwrap().to_owned();
        Self { caller, pool, client, signed_up: Arc::default() }
    }

    /// Waits until every client has signed up some more people, on average.
    async fn is_under_load(&self) {
        let enough = self.signed_up.load(Ordering::Relaxed) + 2 * CLIENTS;
        let began = Instant::now();
        while self.signed_up.load(Ordering::Relaxed) < enough {
            assert!(began.elapsed() < Duration::from_mins(1), "the clients sign nobody up");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// The JSON of a call that the server has acknowledged; `None` once it is gone.
    async fn ok(&self, operation: &str, body: Value) -> Option<Value> {
        let answer = self.caller.call(operation, &body).await?;
        assert_eq!(answer.error(), None, "{operation}");
        Some(answer.json())
    }

    async fn sign_in(&self, name: &str, password: &str) -> Result<Value, (String, String)> {
        let parameters = json!({ "USERNAME": name, "PASSWORD": password });
        let body = json!({ "ClientId": self.client, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": parameters });
        let answer = self.caller.call("InitiateAuth", &body).await.ok_or_else(|| ("gone".into(), String::new()))?;
        answer.error().map_or_else(|| Ok(answer.json()["AuthenticationResult"].clone()), Err)
    }

    async fn refresh(&self, token: &str) -> Option<(String, String)> {
        let parameters = json!({ "REFRESH_TOKEN": token });
        let body = json!({ "ClientId": self.client, "AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": parameters });
        self.caller.call("InitiateAuth", &body).await.expect("the server answers").error()
    }

    async fn code(&self, to: &str) -> Option<String> {
        let messages = self.caller.get(&format!("/inbox/messages?to={to}")).await?;
        Some(messages[0]["code"].as_str().expect("a code was sent").to_owned())
    }

    /// Signs people up and in until the server is gone.
    async fn use_until_it_ends(self, prefix: String) -> Vec<Person> {
        let mut people = Vec::new();
        for number in 0.. {
            if self.one_person(&format!("{prefix}-{number}"), &mut people).await.is_none() {
                break;
            }
        }
        people
    }

    async fn one_person(&self, name: &str, people: &mut Vec<Person>) -> Option<()> {
        let password = format!("First-horse-1-{name}");
        let email = format!("{name}@example.com");
        let attributes = json!([{ "Name": "email", "Value": email }]);
        let body =
            json!({ "ClientId": self.client, "Username": name, "Password": password, "UserAttributes": attributes });
        self.ok("SignUp", body).await?;
        self.signed_up.fetch_add(1, Ordering::Relaxed);
        let index = people.len();
        people.push(Person {
            name: name.to_owned(),
            password: password.clone(),
            changing_to: None,
            confirmed_with: None,
            live: Vec::new(),
            revoked: Vec::new(),
        });
        let person = &mut people[index];

        let code = self.code(&email).await?;
        let body = json!({ "ClientId": self.client, "Username": name, "ConfirmationCode": code });
        self.ok("ConfirmSignUp", body).await?;
        person.confirmed_with = Some(code);

        let tokens = self.signed_in(name, &password).await?;
        let text = |tokens: &Value, name: &str| tokens[name].as_str().unwrap().to_owned();
        person.live.push(text(&tokens, "RefreshToken"));

        let second = format!("Second-horse-2-{name}");
        person.changing_to = Some(second.clone());
        let body = json!({
            "AccessToken": tokens["AccessToken"], "PreviousPassword": password, "ProposedPassword": second,
        });
        self.ok("ChangePassword", body).await?;
        person.password.clone_from(&second);
        person.changing_to = None;

        let tokens = self.signed_in(name, &second).await?;
        let token = text(&tokens, "RefreshToken");
        // Not live from here on, and revoked when the server has said so.
        self.ok("RevokeToken", json!({ "ClientId": self.client, "Token": token })).await?;
        person.revoked.push(token);
        Some(())
    }

    async fn signed_in(&self, name: &str, password: &str) -> Option<Value> {
        match self.sign_in(name, password).await {
            Ok(tokens) => Some(tokens),
            Err((code, _)) if code == "gone" => None,
            Err(refused) => panic!("{name} is refused: {refused:?}"),
        }
    }

    /// Everything a person was told still holds.
    async fn check(&self, person: &Person) {
        let Person { name, .. } = person;
        let signed_in = match (self.sign_in(name, &person.password).await, &person.changing_to) {
            (Err((code, _)), Some(other)) if code == "NotAuthorizedException" => self.sign_in(name, other).await,
            (found, _) => found,
        };
        match signed_in {
            Ok(_) => {}
            Err((code, _)) if code == "UserNotConfirmedException" && person.confirmed_with.is_none() => {}
            Err(refused) => panic!("{name} was signed up and is refused: {refused:?}, {person:?}"),
        }
        for token in &person.live {
            assert_eq!(self.refresh(token).await, None, "a session of {name} is gone");
        }
        for token in &person.revoked {
            let refused = self.refresh(token).await.map(|(code, _)| code);
            assert_eq!(refused.as_deref(), Some("NotAuthorizedException"), "a revoked session of {name} is back");
        }
        if let Some(code) = &person.confirmed_with {
            let body = json!({ "ClientId": self.client, "Username": name, "ConfirmationCode": code });
            let answer = self.caller.call("ConfirmSignUp", &body).await.expect("the server answers");
            let words = "User cannot be confirmed. Current status is CONFIRMED";
            assert_eq!(answer.error(), Some(("NotAuthorizedException".into(), words.into())), "a code is spent once");
        }
        let body = json!({ "ClientId": self.client, "Username": name, "Password": "Another-horse-9" });
        let answer = self.caller.call("SignUp", &body).await.expect("the server answers");
        assert_eq!(answer.error().map(|(code, _)| code).as_deref(), Some("UsernameExistsException"));
    }
}

async fn kill_and_look(settings: &[&str], environment: &[(&str, &str)]) {
    let directory = tempfile::tempdir().unwrap();
    let arguments = [&["dev", "--port", "0", "--json"], settings].concat();
    let start = || Program::start(BINARY, directory.path(), &arguments, environment);
    let mut program = start();
    let mut service = Service::set_up(program.caller()).await;
    let mut everyone: Vec<Person> = Vec::new();
    for round in 0..ROUNDS {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|number| tokio::spawn(service.clone().use_until_it_ends(format!("r{round}c{number}"))))
            .collect();
        service.is_under_load().await;
        let moment = u64::from(u16::from_le_bytes(Rng::System.bytes())) % 500;
        tokio::time::sleep(Duration::from_millis(moment)).await;
        program.kill();
        let mut people = Vec::new();
        for client in clients {
            people.extend(client.await.expect("every refusal under load is a lost promise"));
        }
        program = start();
        service.caller = program.caller();
        for person in &people {
            service.check(person).await;
        }
        everyone.extend(people);
    }
    // The earlier rounds' people have been through several kills by now.
    for person in everyone.iter().step_by(5) {
        service.check(person).await;
    }
    let done = |is: fn(&Person) -> bool| everyone.iter().filter(|person| is(person)).count();
    assert!(done(|person| !person.revoked.is_empty()) > 0, "some came to the end of the journey");
    assert!(done(|person| person.revoked.is_empty()) > 0, "some were interrupted");
    let body = json!({ "UserPoolId": service.pool });
    service.ok("DescribeUserPool", body).await.expect("the server answers");
    assert!(program.stop().success());
}

/// SECURITY 55: nothing acknowledged is lost by SIGKILL, and no code is spent twice.
#[tokio::test(flavor = "multi_thread")]
async fn a_kill_loses_nothing_acknowledged_on_sqlite() {
    kill_and_look(&[], &[]).await;
}

/// SECURITY 55: the same on PostgreSQL.
#[tokio::test(flavor = "multi_thread")]
async fn a_kill_loses_nothing_acknowledged_on_postgres() {
    let Some(database) = FreshDatabase::make().await else { return };
    kill_and_look(&[], &[("COGNATE_STORE__URL", &database.url()), ("COGNATE_MASTER_KEY", MASTER_KEY)]).await;
    database.remove().await;
}

/// A server that is asked to stop finishes what it took, takes no more, and has lost nothing when it is back.
#[tokio::test(flavor = "multi_thread")]
async fn a_stop_under_load_loses_nothing_acknowledged() {
    let directory = tempfile::tempdir().unwrap();
    let start = || Program::start(BINARY, directory.path(), &["dev", "--port", "0", "--json"], &[]);
    let mut program = start();
    let mut service = Service::set_up(program.caller()).await;
    let clients: Vec<_> =
        (0..CLIENTS).map(|number| tokio::spawn(service.clone().use_until_it_ends(format!("c{number}")))).collect();
    service.is_under_load().await;
    assert!(program.stop().success(), "{}", program.log());
    let mut people = Vec::new();
    for client in clients {
        people.extend(client.await.expect("no request is refused, they end with the server"));
    }
    assert!(!program.log().contains("did not finish in time"), "{}", program.log());
    program = start();
    service.caller = program.caller();
    for person in &people {
        service.check(person).await;
    }
    assert!(program.stop().success());
}
