namespace Operone.Web.Access;

/// <summary>Wires the room Access.</summary>
internal static class AccessRegistration
{
    public static void AddAccess(this WebApplicationBuilder builder)
    {
    }

    public static void MapAccess(this WebApplication app)
    {
    }

    public static void UseAccess(this WebApplication app)
    {
    }

    public static Task PrepareAccessAsync(this WebApplication app, CancellationToken cancellationToken) => Task.CompletedTask;
}
