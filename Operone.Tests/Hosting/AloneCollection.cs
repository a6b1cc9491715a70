using Xunit;

namespace Operone.Tests.Hosting;

/// <summary>Tests that measure their own process, or that must take what comes in time, and so run while no other does.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AloneCollection
{
    public const string Name = "alone";
}
