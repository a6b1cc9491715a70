namespace Operone.Tests.Core.Files.Chunks;

/// <summary>What people do to files.</summary>
internal static class Edits
{
    /// <summary>Puts something in, takes something out, writes something over, moves something: so many times, anywhere.</summary>
    public static byte[] Apply(byte[] old, Random random, int count)
    {
        var bytes = new List<byte>(old);
        for (var i = 0; i < count && bytes.Count > 0; i++)
        {
            var at = random.Next(bytes.Count);
            var length = Math.Min(random.Next(1, 100_000), bytes.Count - at);
            var new_ = new byte[random.Next(1, 100_000)];
            random.NextBytes(new_);
            switch (random.Next(5))
            {
                case 0:
                    bytes.InsertRange(at, new_);
                    break;
                case 1:
                    bytes.RemoveRange(at, length);
                    break;
                case 2:
                    for (var j = 0; j < length; j++)
                    {
                        bytes[at + j] = (byte)(j * 31);
                    }

                    break;
                case 3:
                    bytes.InsertRange(at, new byte[length]);
                    break;
                default:
                    var moved = bytes.GetRange(at, length);
                    bytes.RemoveRange(at, length);
                    bytes.InsertRange(random.Next(bytes.Count + 1), moved);
                    break;
            }
        }

        return [.. bytes];
    }
}
