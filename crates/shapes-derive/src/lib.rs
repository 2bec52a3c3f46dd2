//! `#[derive(Input)]` and `#[derive(Output)]` for structures of the wire.
//!
//! A field named `user_pool_id` is the member `UserPoolId`; `#[wire("CallbackURLs")]` says so where that rule does not
//! hold; `#[wire(sensitive)]` on a structure keeps its values out of messages. A field without `Option` is required in a request. `Output` leaves absent members out.

use proc_macro::TokenStream;
use proc_macro2::TokenStream as Tokens;
use quote::quote;
use syn::{Data, DeriveInput, Error, Fields, LitStr, Type, parse_macro_input};

/// Derives `Described` and `Input`: reads every member even after a violation.
#[proc_macro_derive(Input, attributes(wire))]
pub fn input(item: TokenStream) -> TokenStream {
    let item = parse_macro_input!(item as DeriveInput);
    expand(&item, input_impl).unwrap_or_else(|error| error.to_compile_error()).into()
}

/// Derives `serde::Serialize`, and `Described` unless `#[wire(both)]` says that `Input` is derived too.
#[proc_macro_derive(Output, attributes(wire))]
pub fn output(item: TokenStream) -> TokenStream {
    let item = parse_macro_input!(item as DeriveInput);
    expand(&item, output_impl).unwrap_or_else(|error| error.to_compile_error()).into()
}

struct Member<'a> {
    field: &'a syn::Ident,
    wire: String,
    /// The type without its `Option`.
    inner: &'a Type,
    optional: bool,
}

fn expand(item: &DeriveInput, write: fn(&DeriveInput, &[Member<'_>]) -> Tokens) -> syn::Result<Tokens> {
    let Data::Struct(structure) = &item.data else {
        return Err(Error::new_spanned(item, "only structures have members"));
    };
    let mut members = Vec::new();
    match &structure.fields {
        Fields::Named(fields) => {
            for field in &fields.named {
                let ident = field.ident.as_ref().ok_or_else(|| Error::new_spanned(field, "a member needs a name"))?;
                let mut wire = pascal(&ident.to_string());
                for attribute in &field.attrs {
                    if attribute.path().is_ident("wire") {
                        wire = attribute.parse_args::<LitStr>()?.value();
                    }
                }
                let (inner, optional) = unwrap_option(&field.ty);
                members.push(Member { field: ident, wire, inner, optional });
            }
        }
        Fields::Unit => {}
        Fields::Unnamed(_) => return Err(Error::new_spanned(item, "members have names")),
    }
    Ok(write(item, &members))
}

fn described(item: &DeriveInput, members: &[Member<'_>]) -> Tokens {
    let name = &item.ident;
    let sensitive = says(item, "sensitive");
    let described = members.iter().map(|Member { wire, inner, optional, .. }| {
        let required = !optional;
        quote! {
            ::cognate_shapes::Member {
                name: #wire,
                required: #required,
                shape: <#inner as ::cognate_shapes::Described>::shape(),
            }
        }
    });
    quote! {
        impl ::cognate_shapes::Described for #name {
            fn shape() -> ::cognate_shapes::Shape {
                ::cognate_shapes::Shape::Structure { members: vec![#(#described),*], sensitive: #sensitive }
            }
        }
    }
}

fn input_impl(item: &DeriveInput, members: &[Member<'_>]) -> Tokens {
    let name = &item.ident;
    let sensitive = says(item, "sensitive");
    let fields: Vec<_> = members.iter().map(|member| member.field).collect();
    let reads = members.iter().map(|Member { field, wire, inner, optional }| {
        let read = if *optional { quote!(optional) } else { quote!(required) };
        let read = quote!(members.#read::<#inner>(#wire, at, found));
        if sensitive { quote!(let #field = found.hiding(|found| #read)?;) } else { quote!(let #field = #read?;) }
    });
    let described = described(item, members);
    quote! {
        #described

        impl ::cognate_shapes::Input for #name {
            #[allow(unused_mut, unused_variables)]
            fn parse(
                value: ::serde_json::Value,
                at: &::cognate_shapes::Path<'_>,
                found: &mut ::cognate_shapes::Violations,
            ) -> ::std::result::Result<::std::option::Option<Self>, ::cognate_shapes::Malformed> {
                let mut members = ::cognate_shapes::input::Members::of(value)?;
                #(#reads)*
                #(let ::std::option::Option::Some(#fields) = #fields else { return Ok(::std::option::Option::None) };)*
                Ok(::std::option::Option::Some(Self { #(#fields),* }))
            }
        }
    }
}

fn output_impl(item: &DeriveInput, members: &[Member<'_>]) -> Tokens {
    let name = &item.ident;
    let writes = members.iter().map(|Member { field, wire, optional, .. }| {
        if *optional {
            quote! {
                if let ::std::option::Option::Some(value) = &self.#field {
                    ::serde::ser::SerializeMap::serialize_entry(&mut map, #wire, value)?;
                }
            }
        } else {
            quote!(::serde::ser::SerializeMap::serialize_entry(&mut map, #wire, &self.#field)?;)
        }
    });
    // A structure that is read as well as written is described by its `Input`.
    let described = if says(item, "both") { Tokens::new() } else { described(item, members) };
    quote! {
        #described

        impl ::serde::Serialize for #name {
            #[allow(unused_mut)]
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> ::std::result::Result<S::Ok, S::Error> {
                let mut map = serializer.serialize_map(::std::option::Option::None)?;
                #(#writes)*
                ::serde::ser::SerializeMap::end(map)
            }
        }
    }
}

/// Whether `#[wire(word)]` stands on the structure: `both` (it derives `Input` too) or `sensitive`.
fn says(item: &DeriveInput, word: &str) -> bool {
    item.attrs.iter().any(|attribute| {
        attribute.path().is_ident("wire") && attribute.parse_args::<syn::Ident>().is_ok_and(|found| found == word)
    })
}

fn pascal(snake: &str) -> String {
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    };
    snake.trim_start_matches("r#").split('_').map(capital).collect()
}

fn unwrap_option(ty: &Type) -> (&Type, bool) {
    if let Type::Path(path) = ty
        && let Some(last) = path.path.segments.last()
        && last.ident == "Option"
        && let syn::PathArguments::AngleBracketed(arguments) = &last.arguments
        && let Some(syn::GenericArgument::Type(inner)) = arguments.args.first()
    {
        return (inner, true);
    }
    (ty, false)
}
