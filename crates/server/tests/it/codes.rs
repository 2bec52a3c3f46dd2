//! One-time codes.

use cognate_server::accounts::codes::{self, Purpose};
use cognate_server::directory;
use cognate_shapes::enums::VerifiedAttribute;
use cognate_shapes::error::{Code, Error};
use cognate_testkit::TestServer;

use crate::accounts::{
    confirmation, confirmed, email, expired, mismatch, named, pool, recovery, sign_up, stored, wrong,
};

/// SECURITY 23: the newest code alone works, until 24 hours have passed to the millisecond.
#[tokio::test]
async fn a_sign_up_code_lives_a_day_or_until_the_next_one() {
    let server = TestServer::start().await;
    let pool = pool(&server).await;
    sign_up(&server, &pool, "ada").await;
    let first = server.last_code(&email("ada"));
    server.ok("ResendConfirmationCode", named(&pool, "ada")).await;
    let second = server.last_code(&email("ada"));
    if first != second {
        assert_eq!(server.refused("ConfirmSignUp", confirmation(&pool, "ada", &first)).await, mismatch());
    }
    server.clock.advance_ms(24 * 3_600_000);
    assert_eq!(server.refused("ConfirmSignUp", confirmation(&pool, "ada", &second)).await, expired());
    server.ok("ResendConfirmationCode", named(&pool, "ada")).await;
    server.clock.advance_ms(24 * 3_600_000 - 1);
    let third = server.last_code(&email("ada"));
    server.ok("ConfirmSignUp", confirmation(&pool, "ada", &third)).await;
}

/// SECURITY 23: a code is good for its own user and pool.
#[tokio::test]
async fn a_code_is_its_users_alone() {
    let server = TestServer::start().await;
    let (here, there) = (pool(&server).await, pool(&server).await);
    sign_up(&server, &here, "ada").await;
    let code = server.last_code(&email("ada"));
    sign_up(&server, &here, "bob").await;
    sign_up(&server, &there, "ada").await;
    for (pool, name) in [(&here, "bob"), (&there, "ada")] {
        let own = server.last_code(&email(name));
        let refused = server.call("ConfirmSignUp", confirmation(pool, name, &code)).await.error();
        assert!(own == code || refused == Some(mismatch()), "{name}");
    }
    server.ok("ConfirmSignUp", confirmation(&here, "ada", &code)).await;
}

/// SECURITY 23: a code is good for its own purpose.
#[tokio::test]
async fn a_code_is_for_one_purpose() {
    let server = TestServer::start().await;
    let pool = pool(&server).await;
    confirmed(&server, &pool, "ada").await;
    let user = stored(&server, &pool, "ada").await;
    let of = directory::pool(&server.cx, &pool.id).await.unwrap();
    let attribute = Purpose::Attribute(VerifiedAttribute::Email);
    let code = codes::issue(&server.cx, &of, &user, attribute, VerifiedAttribute::Email, "x@y.example").await.unwrap();
    let as_reset = recovery(&pool, "ada", &code, "Battery-Staple-8");
    assert_eq!(server.refused("ConfirmForgotPassword", as_reset.clone()).await, expired());
    server.ok("ForgotPassword", named(&pool, "ada")).await;
    if server.last_code(&email("ada")) != *code {
        assert_eq!(server.refused("ConfirmForgotPassword", as_reset).await, mismatch());
    }
    assert_ne!(
        codes::hash(&server.cx, &of, &user.id, attribute, &code),
        codes::hash(&server.cx, &of, &user.id, Purpose::PasswordReset, &code)
    );

    let hash = codes::hash(&server.cx, &of, &user.id, attribute, &code);
    let (now, id) = (server.clock.now_ms(), user.id);
    let mut answers = Vec::new();
    for _ in 0..2 {
        let (of, id) = (of.clone(), id.clone());
        let redeemed = server.cx.store.write(move |tx| codes::redeem(tx, &of, &id, &attribute.into(), &hash, now));
        answers.push(redeemed.await.unwrap().map_err(|error: Error| error.code));
    }
    let redeemed = codes::Redeemed { attribute: VerifiedAttribute::Email, value: "x@y.example".into() };
    assert_eq!(answers, [Ok(redeemed), Err(Code::ExpiredCode)]);
}

/// SECURITY 23: of those who redeem one code at once, one does.
#[tokio::test]
async fn a_code_is_redeemed_once() {
    let server = TestServer::start().await;
    let pool = pool(&server).await;
    confirmed(&server, &pool, "ada").await;
    server.ok("ForgotPassword", named(&pool, "ada")).await;
    let code = server.last_code(&email("ada"));
    let request = |n: usize| recovery(&pool, "ada", &code, &format!("Battery-Staple-{n}"));
    let (a, b, c, d) = tokio::join!(
        server.call("ConfirmForgotPassword", request(1)),
        server.call("ConfirmForgotPassword", request(2)),
        server.call("ConfirmForgotPassword", request(3)),
        server.call("ConfirmForgotPassword", request(4))
    );
    let refused: Vec<_> = [a, b, c, d].iter().filter_map(cognate_testkit::Answer::error).collect();
    assert_eq!(refused, vec![expired(); 3]);
}

/// SECURITY 23: guesses at once are all counted.
#[tokio::test]
async fn parallel_guesses_are_counted() {
    let server = TestServer::start().await;
    let pool = pool(&server).await;
    sign_up(&server, &pool, "ada").await;
    let code = wrong(&server.last_code(&email("ada")));
    let guesses = (0..24).map(|_| server.call("ConfirmSignUp", confirmation(&pool, "ada", &code)));
    let mut answers = Vec::new();
    let mut guesses: Vec<_> = guesses.map(Box::pin).collect();
    std::future::poll_fn(|cx| {
        guesses.retain_mut(|guess| match guess.as_mut().poll(cx) {
            std::task::Poll::Ready(answer) => {
                answers.push(answer.error());
                false
            }
            std::task::Poll::Pending => true,
        });
        if guesses.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    assert_eq!(answers.iter().filter(|answer| **answer == Some(mismatch())).count(), 15);
}
