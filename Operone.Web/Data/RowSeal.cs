using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.DataProtection;

namespace Operone.Web.Data;

/// <summary>Secrets that are stored, each sealed for its own row: what is copied into another one in the database does not open there.</summary>
internal static class RowSeal
{
    /// <summary>As it is stored.</summary>
    public static byte[] Seal<T>(this IDataProtector protector, Guid row, T value)
    {
        var clear = JsonSerializer.SerializeToUtf8Bytes(value, JsonSerializerOptions.Web);
        try
        {
            return protector.CreateProtector(row.ToString("N")).Protect(clear);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(clear);
        }
    }

    /// <summary>What was sealed; null where the key that sealed it is gone.</summary>
    public static T? Open<T>(this IDataProtector protector, Guid row, byte[] data)
        where T : class
    {
        byte[] clear;
        try
        {
            clear = protector.CreateProtector(row.ToString("N")).Unprotect(data);
        }
        catch (CryptographicException)
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize<T>(clear, JsonSerializerOptions.Web);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(clear);
        }
    }
}
