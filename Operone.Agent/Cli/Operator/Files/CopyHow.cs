namespace Operone.Agent.Cli.Operator.Files;

/// <summary>How a file is written.</summary>
/// <param name="Overwrite">Whether it replaces what is there.</param>
/// <param name="Mode">Its permission bits; by default those that the place gives.</param>
/// <param name="ModifiedAt">Its time of change; by default now.</param>
/// <param name="Replaced">What is there now: what it has in common with it need not be sent.</param>
internal sealed record CopyHow(bool Overwrite, int? Mode, DateTimeOffset? ModifiedAt, FileItem? Replaced = null);
