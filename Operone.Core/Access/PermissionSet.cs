using System.Numerics;

namespace Operone.Core.Access;

/// <summary>A set of permissions: one bit for each of <see cref="Permissions.All"/>.</summary>
/// <param name="Bits">Bit N stands for the permission at place N of the list.</param>
public readonly record struct PermissionSet(ulong Bits)
{
    /// <summary>No permission.</summary>
    public static PermissionSet None => default;

    /// <summary>Every permission there is.</summary>
    public static PermissionSet All { get; } = new((1UL << Permissions.All.Count) - 1);

    /// <summary>Whether there is none in it.</summary>
    public bool IsEmpty => Bits == 0;

    /// <summary>How many there are.</summary>
    public int Count => BitOperations.PopCount(Bits);

    /// <summary>Their names, in the order of the list.</summary>
    public IEnumerable<string> Names
    {
        get
        {
            for (var bits = Bits; bits != 0; bits &= bits - 1)
            {
                yield return Permissions.All[BitOperations.TrailingZeroCount(bits)];
            }
        }
    }

    /// <summary>The set of these. Names that are no permissions (of a version to come, or gone) are left out.</summary>
    public static PermissionSet Of(IEnumerable<string> names)
    {
        ArgumentNullException.ThrowIfNull(names);
        var bits = 0UL;
        foreach (var name in names)
        {
            if (Permissions.FindIndex(name) is >= 0 and var index)
            {
                bits |= 1UL << index;
            }
        }

        return new(bits);
    }

    /// <summary>Whether a permission is in it.</summary>
    /// <exception cref="ArgumentException">It is no permission.</exception>
    public bool Has(string permission) => (Bits & (1UL << Permissions.IndexOf(permission))) != 0;

    /// <summary>Whether all of the other set is in it.</summary>
    public bool Contains(PermissionSet other) => (Bits & other.Bits) == other.Bits;

    /// <summary>What is in both.</summary>
    public PermissionSet And(PermissionSet other) => new(Bits & other.Bits);

    /// <summary>What is in either.</summary>
    public PermissionSet Or(PermissionSet other) => new(Bits | other.Bits);

    /// <summary>What is in this one and not in the other.</summary>
    public PermissionSet Except(PermissionSet other) => new(Bits & ~other.Bits);
}
