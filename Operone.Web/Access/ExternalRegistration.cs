using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.OAuth;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace Operone.Web.Access;

/// <summary>Wires the accounts elsewhere: a scheme for each provider of the options.</summary>
internal static class ExternalRegistration
{
    /// <summary>The claim that says whether the e-mail is verified (OpenID Connect Core 1.0, section 5.1).</summary>
    public const string EmailVerified = "email_verified";

    /// <summary>Where a provider's answer ends up.</summary>
    public const string Done = "/sign-in/external";

    // None, and no secret that both sides share: the client's secret, or a public key taken for one.
    private static readonly string[] Algorithms =
    [
        SecurityAlgorithms.RsaSha256, SecurityAlgorithms.RsaSha384, SecurityAlgorithms.RsaSha512, SecurityAlgorithms.RsaSsaPssSha256, SecurityAlgorithms.RsaSsaPssSha384,
        SecurityAlgorithms.RsaSsaPssSha512, SecurityAlgorithms.EcdsaSha256, SecurityAlgorithms.EcdsaSha384, SecurityAlgorithms.EcdsaSha512,
    ];

    public static void AddExternal(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddOptions<ExternalOptions>().BindConfiguration(ExternalOptions.Section).ValidateOnStart();
        services.AddSingleton<IPostConfigureOptions<ExternalOptions>, ExternalOptionsLists>();
        services.AddSingleton<IValidateOptions<ExternalOptions>, ExternalOptionsValidation>();
        services.AddSingleton<LinkService>();
        services.AddSingleton<ExternalSignIn>();

        var options = builder.Configuration.GetSection(ExternalOptions.Section).Get<ExternalOptions>() ?? new();
        ExternalOptionsLists.ReadDomains(builder.Configuration, options);
        var providers = new List<ExternalProvider>();
        services.AddSingleton(new ExternalProviders(providers));
        var authentication = services.AddAuthentication();
        AddCookie(authentication);
        if (new ExternalOptionsValidation().Validate(null, options).Failed)
        {
            // Reported with the other options; nothing is served.
            return;
        }

        if (options.Google.IsGiven)
        {
            var provider = Add(new(ExternalProviders.Google, "Google"));
            authentication.AddGoogle(provider.Scheme, google =>
            {
                SetUp(google, provider, options.Google);
                google.ClaimActions.MapJsonKey(EmailVerified, EmailVerified);
                google.Events = Listen(new OAuthEvents(), provider);
            });
        }

        if (options.GitHub.IsGiven)
        {
            var provider = Add(new(ExternalProviders.GitHub, "GitHub"));
            authentication.AddOAuth(provider.Scheme, github => SetUpGitHub(github, provider, options.GitHub));
        }

        foreach (var client in options.OpenIdConnect)
        {
            var provider = Add(new(client.Name!, string.IsNullOrWhiteSpace(client.Title) ? client.Name! : client.Title));
            authentication.AddOpenIdConnect(provider.Scheme, oidc => SetUpOpenIdConnect(oidc, provider, client));
        }

        ExternalProvider Add(ExternalProvider provider)
        {
            providers.Add(provider);
            return provider;
        }
    }

    private static void AddCookie(AuthenticationBuilder authentication) => authentication.AddCookie(IdentityConstants.ExternalScheme, cookie =>
    {
        // It carries what a provider said over one redirect.
        cookie.Cookie.Name = "operone-external";
        cookie.Cookie.Path = "/sign-in";
        cookie.Cookie.HttpOnly = true;
        cookie.Cookie.SameSite = SameSiteMode.Lax;
        cookie.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
        cookie.ExpireTimeSpan = TimeSpan.FromMinutes(5);
        cookie.SlidingExpiration = false;
    });

    private static void SetUp(OAuthOptions oauth, ExternalProvider provider, ExternalClient client)
    {
        SetUp((RemoteAuthenticationOptions)oauth, provider);
        oauth.ClientId = client.ClientId!;
        oauth.ClientSecret = client.ClientSecret!;
        oauth.UsePkce = true;
        oauth.SaveTokens = false;
    }

    private static void SetUp(RemoteAuthenticationOptions remote, ExternalProvider provider)
    {
        remote.SignInScheme = IdentityConstants.ExternalScheme;
        remote.CallbackPath = $"/sign-in/{provider.Name}";
        remote.RemoteAuthenticationTimeout = TimeSpan.FromMinutes(15);
        remote.BackchannelTimeout = TimeSpan.FromSeconds(15);
        // The provider answers by a redirect, which brings such cookies along.
        remote.CorrelationCookie.SameSite = SameSiteMode.Lax;
        remote.CorrelationCookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
    }

    private static void SetUpGitHub(OAuthOptions github, ExternalProvider provider, GitHubClient client)
    {
        var (site, api) = (client.Url.TrimEnd('/'), client.ApiUrl.TrimEnd('/'));
        SetUp(github, provider, client);
        github.AuthorizationEndpoint = $"{site}/login/oauth/authorize";
        github.TokenEndpoint = $"{site}/login/oauth/access_token";
        github.Scope.Add("user:email");
        github.Events = Listen(new OAuthEvents { OnCreatingTicket = context => GitHubClaims.ReadAsync(context, api) }, provider);
    }

    private static void SetUpOpenIdConnect(OpenIdConnectOptions oidc, ExternalProvider provider, OpenIdConnectClient client)
    {
        SetUp(oidc, provider);
        oidc.Authority = client.Issuer;
        oidc.RequireHttpsMetadata = !new Uri(client.Issuer!).IsLoopback;
        oidc.ClientId = client.ClientId;
        oidc.ClientSecret = client.ClientSecret;
        oidc.ResponseType = OpenIdConnectResponseType.Code;
        oidc.ResponseMode = OpenIdConnectResponseMode.Query;
        oidc.UsePkce = true;
        oidc.SaveTokens = false;
        oidc.Scope.Add("email");
        oidc.MapInboundClaims = false;
        oidc.GetClaimsFromUserInfoEndpoint = true;
        oidc.ClaimActions.MapUniqueJsonKey(EmailVerified, EmailVerified);
        oidc.TokenValidationParameters.ValidAlgorithms = Algorithms;
        oidc.NonceCookie.SameSite = SameSiteMode.Lax;
        oidc.NonceCookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
        // What a provider could send by itself is not listened to: signing out here is for this site.
        oidc.RemoteSignOutPath = PathString.Empty;
        oidc.Events = Listen(new OpenIdConnectEvents { OnTokenValidated = RequireSignature }, provider);
    }

    // The handler takes an unsigned token where it came from the token endpoint, as OpenID Connect Core 1.0 allows (3.1.3.7).
    // Nobody needs that, and TLS alone is not what we want to stand on.
    private static Task RequireSignature(TokenValidatedContext context)
    {
        if (!Algorithms.Contains(context.SecurityToken.SignatureAlgorithm))
        {
            context.Fail($"The ID token is signed by '{context.SecurityToken.SignatureAlgorithm}', which is not taken.");
        }

        return Task.CompletedTask;
    }

    private static T Listen<T>(T events, ExternalProvider provider)
        where T : RemoteAuthenticationEvents
    {
        events.OnTicketReceived = context =>
        {
            context.Principal = Shorten(context.Principal!, provider.Scheme);
            return Task.CompletedTask;
        };
        events.OnAccessDenied = async context =>
        {
            context.HandleResponse();
            await RefuseAsync(context.HttpContext, context.Properties, provider, ExternalErrors.Denied(provider.Title), "the provider was told no");
        };
        events.OnRemoteFailure = async context =>
        {
            context.HandleResponse();
            var failure = context.Failure;
            var error = failure is null || IsStale(failure) ? ExternalErrors.Expired(provider.Title)
                : IsAway(failure) ? ExternalErrors.Away(provider.Title)
                : ExternalErrors.Failed(provider.Title);
            await RefuseAsync(context.HttpContext, context.Properties, provider, error, failure?.GetBaseException().Message);
        };
        return events;

        static Task RefuseAsync(HttpContext http, AuthenticationProperties? properties, ExternalProvider provider, Core.Errors.Error error, string? why) =>
            http.RequestServices.GetRequiredService<ExternalSignIn>().RefuseAsync(http, properties, provider, error, why);
    }

    /// <summary>Whether the server could not talk to a provider.</summary>
    public static bool IsAway(Exception? failure)
    {
        for (; failure is not null; failure = failure.InnerException)
        {
            if (failure is HttpRequestException or TaskCanceledException or IOException)
            {
                return true;
            }
        }

        return false;
    }

    // What the handlers say where the state does not open, or its cookie is not there.
    private static bool IsStale(Exception failure) =>
        failure.Message.Contains("state", StringComparison.OrdinalIgnoreCase) || failure.Message.Contains("Correlation", StringComparison.OrdinalIgnoreCase);

    // No more than is needed goes into the cookie.
    private static ClaimsPrincipal Shorten(ClaimsPrincipal all, string scheme)
    {
        (string Type, string? Value)[] claims =
        [
            (ClaimTypes.NameIdentifier, all.FindFirstValue("sub") ?? all.FindFirstValue(ClaimTypes.NameIdentifier)),
            (ClaimTypes.Email, all.FindFirstValue("email") ?? all.FindFirstValue(ClaimTypes.Email)),
            (EmailVerified, all.FindFirstValue(EmailVerified)),
            (ClaimTypes.Name, all.FindFirstValue("name") ?? all.FindFirstValue(ClaimTypes.Name)),
        ];
        return new(new ClaimsIdentity(claims.Where(c => !string.IsNullOrEmpty(c.Value)).Select(c => new Claim(c.Type, c.Value!)), scheme));
    }
}
