using Operone.Web.Access;

namespace Operone.Web.Files.Dav;

/// <summary>The tree as a network drive: WebDAV (RFC 4918), classes 1 and 2.</summary>
internal static class DavEndpoints
{
    private static readonly Dictionary<string, Func<IServiceProvider, DavCall, Task<IResult>>> _methods = new(StringComparer.Ordinal)
    {
        ["OPTIONS"] = (_, call) => Task.FromResult(Options(call)),
        ["PROPFIND"] = (services, call) => services.GetRequiredService<PropFind>().RunAsync(call),
        ["PROPPATCH"] = (services, call) => services.GetRequiredService<PropPatch>().RunAsync(call),
        ["GET"] = (services, call) => services.GetRequiredService<DavWriting>().GetAsync(call),
        ["HEAD"] = (services, call) => services.GetRequiredService<DavWriting>().GetAsync(call),
        ["PUT"] = (services, call) => services.GetRequiredService<DavWriting>().PutAsync(call),
        ["MKCOL"] = (services, call) => services.GetRequiredService<DavWriting>().MakeFolderAsync(call),
        ["DELETE"] = (services, call) => services.GetRequiredService<DavWriting>().DeleteAsync(call),
        ["COPY"] = (services, call) => services.GetRequiredService<DavCopies>().RunAsync(call, isMove: false),
        ["MOVE"] = (services, call) => services.GetRequiredService<DavCopies>().RunAsync(call, isMove: true),
        ["LOCK"] = (services, call) => services.GetRequiredService<DavLocking>().LockAsync(call),
        ["UNLOCK"] = (services, call) => services.GetRequiredService<DavLocking>().UnlockAsync(call),
    };

    public static void AddDav(this IServiceCollection services)
    {
        services.AddSingleton<DavLocks>();
        services.AddSingleton<DavNodes>();
        services.AddSingleton<DavGuard>();
        services.AddSingleton<PropFind>();
        services.AddSingleton<PropPatch>();
        services.AddSingleton<DavWriting>();
        services.AddSingleton<DavCopies>();
        services.AddSingleton<DavLocking>();
        services.AddSingleton<Hosting.IRecurringJob, DavLockUpkeep>();
    }

    // who may what depends on the place: the services ask
    public static void MapDav(this IEndpointRouteBuilder routes) =>
        routes.MapMethods(DavAnswers.Prefix + "/{**path}", _methods.Keys, RunAsync).RequireSignedIn().DisableAntiforgery().ExcludeFromDescription();

    private static async Task<IResult> RunAsync(HttpContext http, Actor actor)
    {
        Describe(http.Response);
        var address = FileAddress.Read(http, DavAnswers.Prefix);
        return address.IsError
            ? address.Error!.Refuse().ToResult(http.Request)
            : await _methods[http.Request.Method](http.RequestServices, new(http, actor, address.Value.Path));
    }

    private static IResult Options(DavCall call)
    {
        call.Http.Response.Headers.Allow = string.Join(", ", _methods.Keys);
        return Results.Ok();
    }

    private static void Describe(HttpResponse response)
    {
        response.Headers["DAV"] = "1, 2";
        // without it Windows tries FrontPage's protocol first
        response.Headers["MS-Author-Via"] = "DAV";
        if (response.Headers.CacheControl.Count == 0)
        {
            response.Headers.CacheControl = "private, no-cache";
        }
    }
}
