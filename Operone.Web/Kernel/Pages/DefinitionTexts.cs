namespace Operone.Web.Kernel.Pages;

/// <summary>A definition as it is stored.</summary>
/// <param name="Text">As YAML.</param>
/// <param name="Version">Its newest version.</param>
/// <param name="By">Who wrote it last.</param>
public sealed record StoredDefinition(string Text, int Version, string By);

/// <summary>What came of saving a definition.</summary>
/// <param name="Says">What it is now, for people.</param>
/// <param name="Address">The page to go on to.</param>
public sealed record SavedDefinition(string Says, string Address);
