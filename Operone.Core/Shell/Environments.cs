namespace Operone.Core.Shell;

/// <summary>A named set of variables as the API shows it: of secrets the names alone.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">Its name, unique.</param>
/// <param name="Description">What it is for.</param>
/// <param name="Selector">On which devices it may be used; empty for all.</param>
/// <param name="Variables">Its variables.</param>
/// <param name="Secrets">The names of its secret variables.</param>
/// <param name="UpdatedAt">When it was last changed (UTC).</param>
/// <param name="UpdatedBy">By whom.</param>
public sealed record EnvironmentView(
    Guid Id, string Name, string Description, string Selector, IReadOnlyDictionary<string, string> Variables, IReadOnlyList<string> Secrets,
    DateTimeOffset UpdatedAt, string UpdatedBy);

/// <summary>What <c>POST /api/v1/environments</c> and <c>PUT /api/v1/environments/{idOrName}</c> take.</summary>
/// <param name="Name">1 to 63 characters, unique.</param>
/// <param name="Description">What it is for; up to 500 characters.</param>
/// <param name="Selector">On which devices it may be used; empty or null for all.</param>
/// <param name="Variables">Its variables.</param>
/// <param name="Secrets">Its secret variables. In a PUT a value of null keeps the one that is stored.</param>
public sealed record WriteEnvironment(
    string? Name, string? Description = null, string? Selector = null, IReadOnlyDictionary<string, string>? Variables = null,
    IReadOnlyDictionary<string, string?>? Secrets = null);
