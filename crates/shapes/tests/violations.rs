//! A request that breaks its shape is told everything that is wrong with it, in the service's words.

use cognate_shapes::auth::UserContextData;
use cognate_shapes::enums::VerifiedAttribute;
use cognate_shapes::pool::{SchemaAttribute, UserPoolPolicy};
use cognate_shapes::scalars::{
    AuthParameters, ClientId, Password, SchemaAttributes, Scopes, TagKey, TagValue, UserPoolName,
};
use cognate_shapes::user::Attribute;
use cognate_shapes::{Code, Input, input, json};
use std::collections::BTreeMap;

/// A request with one of everything.
#[derive(Debug, Input)]
#[expect(dead_code, reason = "read through Debug and by being parsed")]
struct Everything {
    client_id: ClientId,
    pool_name: Option<UserPoolName>,
    password: Option<Password>,
    policies: Option<UserPoolPolicy>,
    schema: Option<SchemaAttributes>,
    auto_verified_attributes: Option<Vec<VerifiedAttribute>>,
    user_attributes: Option<Vec<Attribute>>,
    scopes: Option<Scopes>,
    tags: Option<BTreeMap<TagKey, TagValue>>,
    flag: Option<bool>,
    auth_parameters: Option<AuthParameters>,
    user_context_data: Option<UserContextData>,
}

fn refusal(body: &str) -> String {
    let members = json::object(body.as_bytes()).expect("the body is JSON");
    let error = input::request::<Everything>(members).expect_err("the request is refused");
    assert!(matches!(error.code, Code::InvalidParameter | Code::Serialization), "{error}");
    error.message.into_owned()
}

#[test]
fn one_violation_is_singular() {
    assert_eq!(
        refusal("{}"),
        "1 validation error detected: Value null at 'clientId' failed to satisfy constraint: Member must not be null"
    );
}

#[test]
fn all_violations_come_in_one_message_with_their_paths() {
    let long = "x".repeat(21);
    let text = refusal(&format!(
        r#"{{"ClientId":"","Policies":{{"PasswordPolicy":{{"TemporaryPasswordValidityDays":400,"MinimumLength":5}}}},
            "Schema":[{{"Name":"{long}"}}],"UserAttributes":[{{"Value":"v"}}]}}"#
    ));
    // ClientId is sensitive in the model, so its value is left out.
    assert_eq!(
        text,
        format!(
            "6 validation errors detected: \
             Value at 'clientId' failed to satisfy constraint: Member must have length greater than or equal to 1; \
             Value at 'clientId' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+]+; \
             Value '5' at 'policies.passwordPolicy.minimumLength' failed to satisfy constraint: \
             Member must have value greater than or equal to 6; \
             Value '400' at 'policies.passwordPolicy.temporaryPasswordValidityDays' failed to satisfy constraint: \
             Member must have value less than or equal to 365; \
             Value '{long}' at 'schema.1.member.name' failed to satisfy constraint: \
             Member must have length less than or equal to 20; \
             Value null at 'userAttributes.1.member.name' failed to satisfy constraint: Member must not be null"
        )
    );
}

/// SECURITY 45: what is sensitive is never repeated.
#[test]
fn a_sensitive_value_is_not_repeated() {
    let text = refusal(r#"{"ClientId":"a","Password":"hunter2 hunter2"}"#);
    assert_eq!(
        text,
        "1 validation error detected: Value at 'password' failed to satisfy constraint: \
         Member must satisfy regular expression pattern: [\\S]+"
    );
    let members = json::object(br#"{"ClientId":"topsecret1","Password":"topsecret2"}"#).unwrap();
    let parsed = input::request::<Everything>(members).unwrap();
    assert!(!format!("{parsed:?}").contains("topsecret"));
}

/// SECURITY 45: nor anything in a map that is sensitive as a whole, such as the parameters of a sign-in.
#[test]
fn a_value_in_a_sensitive_map_is_not_repeated() {
    let long = "hunter2".repeat(20_000);
    let text = refusal(&format!(r#"{{"ClientId":"a","AuthParameters":{{"PASSWORD":"{long}"}},"PoolName":"ü"}}"#));
    assert_eq!(
        text,
        "2 validation errors detected: Value 'ü' at 'poolName' failed to satisfy constraint: Member must satisfy \
         regular expression pattern: [\\w\\s+=,.@-]+; Value at 'authParameters.PASSWORD.member' failed to satisfy \
         constraint: Member must have length less than or equal to 131072"
    );
}

/// SECURITY 45: nor anything in a structure that is sensitive as a whole.
#[test]
fn a_value_in_a_sensitive_structure_is_not_repeated() {
    let long = "10.1.2.3".repeat(20_000);
    assert_eq!(
        refusal(&format!(r#"{{"ClientId":"a","UserContextData":{{"IpAddress":"{long}"}},"PoolName":"ü"}}"#)),
        "2 validation errors detected: Value 'ü' at 'poolName' failed to satisfy constraint: Member must satisfy \
         regular expression pattern: [\\w\\s+=,.@-]+; Value at 'userContextData.ipAddress' failed to satisfy \
         constraint: Member must have length less than or equal to 131072"
    );
    let members = json::object(br#"{"ClientId":"a","UserContextData":{"IpAddress":"10.1.2.3"}}"#).unwrap();
    let parsed = input::request::<Everything>(members).unwrap();
    assert!(!format!("{parsed:?}").contains("10.1.2.3"));
}

/// SECURITY 48, 52: a megabyte of nothing but violations is not answered with a hundred.
#[test]
fn an_answer_does_not_outgrow_its_request() {
    for element in ["{}", r#"{"Name":""}"#] {
        let body = format!(r#"{{"ClientId":"a","UserAttributes":[{}]}}"#, vec![element; 80_000].join(","));
        let text = refusal(&body);
        assert!(text.starts_with("100 validation errors detected: "), "{text:.60}");
        assert!(text.len() < 20_000, "{}", text.len());
    }
    let body = format!(r#"{{"ClientId":"a","Scopes":[{}]}}"#, vec![r#""""#; 300_000].join(","));
    assert!(refusal(&body).len() < 200_000);
}

#[test]
fn an_element_of_a_list_of_scalars_is_reported_with_the_list() {
    assert_eq!(
        refusal(r#"{"ClientId":"a","AutoVerifiedAttributes":["fax"]}"#),
        "1 validation error detected: Value '[fax]' at 'autoVerifiedAttributes' failed to satisfy constraint: \
         Member must satisfy constraint: [Member must satisfy enum value set: [phone_number, email]]"
    );
    let many = vec![r#""a""#; 51].join(",");
    assert!(
        refusal(&format!(r#"{{"ClientId":"a","Scopes":[{many}]}}"#))
            .ends_with("at 'scopes' failed to satisfy constraint: Member must have length less than or equal to 50")
    );
}

#[test]
fn the_keys_of_a_map_are_checked_as_well_as_its_values() {
    let value = "v".repeat(257);
    assert_eq!(
        refusal(&format!(r#"{{"ClientId":"a","Tags":{{"":"x","k":"{value}"}}}}"#)),
        format!(
            "2 validation errors detected: Value '{{}}' at 'tags' failed to satisfy constraint: \
             Map keys must satisfy constraint: [Member must have length greater than or equal to 1]; \
             Value '{value}' at 'tags.k.member' failed to satisfy constraint: \
             Member must have length less than or equal to 256"
        )
    );
}

#[test]
fn a_value_of_the_wrong_json_type_ends_the_reading() {
    for (body, text) in [
        (r#"{"ClientId":7}"#, "NUMBER_VALUE can not be converted to String"),
        (r#"{"ClientId":"a","Flag":"yes"}"#, "STRING_VALUE can not be converted to Boolean"),
        (r#"{"ClientId":"a","Policies":[]}"#, "Unexpected list element found in a structure"),
        (r#"{"ClientId":"a","Schema":{}}"#, "Expected list or null"),
        (r#"{"ClientId":["a"]}"#, "Start of structure or map found where not expected."),
        (
            r#"{"ClientId":"a","Policies":{"PasswordPolicy":{"MinimumLength":99999999999}}}"#,
            "NUMBER_VALUE can not be converted to Integer",
        ),
    ] {
        assert_eq!(refusal(body), text, "{body}");
    }
}

#[test]
fn lengths_count_characters_and_null_is_absent() {
    let kana = "あ".repeat(128);
    let body = format!(r#"{{"ClientId":"a","UserAttributes":[{{"Name":"名","Value":"{kana}"}}],"PoolName":null}}"#);
    let parsed = input::request::<Everything>(json::object(body.as_bytes()).unwrap()).unwrap();
    assert!(parsed.pool_name.is_none());
}

#[test]
fn a_structure_reads_back_what_it_wrote() {
    let attribute = SchemaAttribute { mutable: Some(true), ..SchemaAttribute::default() };
    let text = serde_json::to_string(&attribute).unwrap();
    assert_eq!(text, r#"{"Mutable":true}"#);
    assert_eq!(input::stored::<SchemaAttribute>(&text).unwrap(), attribute);
}
