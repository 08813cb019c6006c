package dev.kapal.oci.runtime;

import java.math.BigInteger;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.databind.DeserializationContext;
import tools.jackson.databind.SerializationContext;
import tools.jackson.databind.ValueDeserializer;
import tools.jackson.databind.ValueSerializer;

/** JSON of unsigned 64-bit numbers that Java keeps in a {@code long}. */
final class Unsigned64 {
  private Unsigned64() {}

  /** Reads 0 to 2^64-1. */
  static final class Reader extends ValueDeserializer<Long> {
    @Override
    public Object getNullValue(DeserializationContext context) {
      return 0L;
    }

    @Override
    public Long deserialize(JsonParser parser, DeserializationContext context) {
      if (parser.currentToken() != JsonToken.VALUE_NUMBER_INT) {
        return (Long) context.handleUnexpectedToken(context.constructType(Long.class), parser);
      }
      BigInteger value = parser.getBigIntegerValue();
      if (value.signum() < 0 || value.bitLength() > 64) {
        return (Long)
            context.handleWeirdNumberValue(Long.class, value, "must be between 0 and 2^64-1");
      }
      return value.longValue();
    }
  }

  /** Writes 0 to 2^64-1. */
  static final class Writer extends ValueSerializer<Long> {
    @Override
    public void serialize(Long value, JsonGenerator out, SerializationContext context) {
      if (value >= 0) {
        out.writeNumber(value);
      } else {
        out.writeNumber(new BigInteger(Long.toUnsignedString(value)));
      }
    }
  }
}
