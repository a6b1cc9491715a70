using System.Security.Cryptography;
using BenchmarkDotNet.Attributes;

namespace Operone.Bench.Inner;

/// <summary>The signature behind each connection of a device: what 5,000 of them at once cost at the least.</summary>
public class IdentityBenchmarks : IDisposable
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly byte[] _text = RandomNumberGenerator.GetBytes(300);
    private readonly byte[] _signature;

    public IdentityBenchmarks() => _signature = _key.SignData(_text, HashAlgorithmName.SHA256);

    [Benchmark(Description = "sign a device's token (ES256)")]
    public byte[] Sign() => _key.SignData(_text, HashAlgorithmName.SHA256);

    [Benchmark(Description = "check its signature")]
    public bool Verify() => _key.VerifyData(_text, _signature, HashAlgorithmName.SHA256);

    public void Dispose()
    {
        _key.Dispose();
        GC.SuppressFinalize(this);
    }
}
