using System.Text.Json;

namespace Operone.Bench.Simulation;

/// <summary>The outside of a message of SignalR's JSON protocol; the inside is read when its kind is known.</summary>
/// <param name="Type">1 an invocation, 3 a completion, 6 a ping, 7 a close; 0 the answer to the handshake.</param>
/// <param name="Target">The invoked method.</param>
/// <param name="InvocationId">What a completion answers.</param>
/// <param name="Payload">Where the first argument or the result is.</param>
internal readonly record struct HubMessage(int Type, string? Target, string? InvocationId, Range Payload)
{
    public static HubMessage Read(ReadOnlySpan<byte> message)
    {
        var reader = new Utf8JsonReader(message);
        var (type, target, id, payload) = (0, default(string), default(string), default(Range));
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("type"u8))
            {
                reader.Read();
                type = reader.GetInt32();
            }
            else if (reader.ValueTextEquals("target"u8))
            {
                reader.Read();
                target = Known(ref reader);
            }
            else if (reader.ValueTextEquals("invocationId"u8))
            {
                reader.Read();
                id = reader.GetString();
            }
            else if (reader.ValueTextEquals("arguments"u8))
            {
                reader.Read();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    payload = Skip(ref reader);
                }
            }
            else if (reader.ValueTextEquals("result"u8))
            {
                reader.Read();
                payload = Skip(ref reader);
            }
            else if (reader.ValueTextEquals("error"u8))
            {
                reader.Read();
                throw new InvalidDataException($"The server answers with an error: {reader.GetString()}");
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }

        return new(type, target, id, payload);
    }

    private static Range Skip(ref Utf8JsonReader reader)
    {
        var from = (int)reader.TokenStartIndex;
        reader.Skip();
        return from..(int)reader.BytesConsumed;
    }

    // The two frequent names are not made anew for each message.
    private static string? Known(ref Utf8JsonReader reader) =>
        reader.ValueTextEquals("StartExecution"u8) ? "StartExecution"
        : reader.ValueTextEquals("AcknowledgeExecution"u8) ? "AcknowledgeExecution"
        : reader.GetString();
}
