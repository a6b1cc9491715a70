using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Operone.Web.Data;

namespace Operone.Web.Access;

/// <summary>Wires the room Access.</summary>
internal static class AccessRegistration
{
    public static void AddAccess(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddOptions<SetupOptions>().BindConfiguration(SetupOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<SetupOptions>, SetupOptionsValidation>();

        services.AddAudit();
        services.AddSingleton<NoteThrottle>();
        services.AddTokens();
        services.AddSingleton<AccessDirectory>();
        services.AddSingleton<ActorRoles>();
        services.AddHostedService(provider => provider.GetRequiredService<AccessDirectory>());
        services.AddSingleton<CurrentStanding>();
        services.AddSingleton<SessionDirectory>();
        services.AddSingleton<SessionCookie>();
        services.AddSingleton<SessionService>();
        services.AddSingleton<SessionRenewal>();
        services.AddPasskeys();
        services.AddSingleton<DeviceBoundSessions>();
        services.AddHostedService<CredentialWatch>();
        services.AddSingleton<IPasswordHasher<Person>, PasswordHasher<Person>>();
        services.AddSingleton<SetupService>();
        services.AddHostedService<SetupAnnouncement>();
        services.AddWaysIn();
        builder.AddExternal();

        services.AddPeople();

        AddIdentity(services);
        AddSchemes(services);
        services.AddSingleton<IAuthorizationMiddlewareResultHandler, AccessResultHandler>();
        services.AddAuthorizationBuilder()
            .SetFallbackPolicy(new AuthorizationPolicyBuilder().RequireAuthenticatedUser().Build());
    }

    public static void UseAccess(this WebApplication app)
    {
        app.UseAuthentication();
        app.Use(async (context, next) =>
        {
            // What somebody came with may end while they are served: then this ends too.
            using var held = AccessIdentity.Of(context.User).Credential?.Begin(context);
            await next(context);
        });
        app.UseAuthorization();
    }

    public static void MapAccess(this WebApplication app)
    {
        TokenEndpoints.Map(app);
        MeEndpoints.Map(app);
        OAuthEndpoints.Map(app);
        SessionEndpoints.Map(app);
        PasskeyEndpoints.Map(app);
        AuditEndpoints.Map(app);
        InvitationEndpoints.Map(app);
        ExternalEndpoints.Map(app);
        PeopleEndpoints.Map(app);
        GrantEndpoints.Map(app);
    }

    public static async Task PrepareAccessAsync(this WebApplication app, CancellationToken cancellationToken)
    {
        await AuditLedger.SealOldAsync(app.Services.GetRequiredService<IDbContextFactory<OperoneDb>>(), cancellationToken);
        await app.Services.GetRequiredService<AccessDirectory>().PrepareAsync(cancellationToken);
        await app.Services.GetRequiredService<SetupService>().PrepareAsync(cancellationToken);
    }

    private static void AddIdentity(IServiceCollection services)
    {
        services.AddIdentityCore<Person>(identity =>
            {
                identity.User.RequireUniqueEmail = true;
                identity.User.AllowedUserNameCharacters = "";
            })
            .AddUserStore<PersonStore>()
            .AddSignInManager();

        // Ours instead of the framework's, which asks for a mix of characters.
        services.RemoveAll<IPasswordValidator<Person>>();
        services.AddScoped<IPasswordValidator<Person>, PasswordRules>();
    }

    private static void AddSchemes(IServiceCollection services) => services
        .AddAuthentication(AccessSchemes.Chooser)
        .AddPolicyScheme(AccessSchemes.Chooser, null, options => options.ForwardDefaultSelector = Choose)
        .AddScheme<AuthenticationSchemeOptions, ApiTokenHandler>(AccessSchemes.ApiToken, null)
        .AddCookie(IdentityConstants.ApplicationScheme, options =>
        {
            options.Cookie.Name = SessionCookie.Name;
            options.Cookie.HttpOnly = true;
            options.Cookie.SameSite = SameSiteMode.Lax;
            options.ExpireTimeSpan = SessionService.Long;
            options.SlidingExpiration = false;
            options.EventsType = typeof(SessionCookie);
            options.LoginPath = "/sign-in";
            options.AccessDeniedPath = "/denied";
            options.ReturnUrlParameter = "returnUrl";
        });

    /// <summary>
    /// Agents sign in with their keys. On the API an Authorization header decides; without one a session counts, but only
    /// to read, so that no other site can make a browser change anything. A network drive brings its token each time.
    /// </summary>
    private static string Choose(HttpContext context)
    {
        var request = context.Request;
        if (AccessSchemes.IsForAgents(request.Path))
        {
            return AccessSchemes.Device;
        }

        if (request.Headers.Authorization.Count > 0 || AccessSchemes.IsForDrives(request.Path))
        {
            return AccessSchemes.ApiToken;
        }

        // CONNECT is how a WebSocket begins over HTTP/2 (RFC 8441); other sites' are kept out by their origin.
        var reads = HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method) || HttpMethods.IsConnect(request.Method);
        return AccessSchemes.IsForPrograms(request.Path) && !reads ? AccessSchemes.ApiToken : IdentityConstants.ApplicationScheme;
    }
}
