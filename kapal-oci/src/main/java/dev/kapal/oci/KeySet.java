package dev.kapal.oci;

import java.util.LinkedHashSet;
import java.util.Set;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.databind.DeserializationContext;
import tools.jackson.databind.SerializationContext;
import tools.jackson.databind.ValueDeserializer;
import tools.jackson.databind.ValueSerializer;

/** Go's {@code map[string]struct{}}: a set written as an object with empty objects as values. */
final class KeySet {
  private KeySet() {}

  static final class Reader extends ValueDeserializer<Set<String>> {
    @Override
    public Set<String> deserialize(JsonParser parser, DeserializationContext context) {
      Set<String> keys = new LinkedHashSet<>();
      if (parser.currentToken() != JsonToken.START_OBJECT) {
        throw new InvalidDocumentException("a set must be written as an object");
      }
      while (parser.nextToken() != JsonToken.END_OBJECT) {
        keys.add(parser.currentName());
        parser.nextToken();
        parser.skipChildren();
      }
      return keys;
    }
  }

  static final class Writer extends ValueSerializer<Set<String>> {
    @Override
    public void serialize(Set<String> keys, JsonGenerator out, SerializationContext context) {
      out.writeStartObject();
      for (String key : keys) {
        out.writeName(key);
        out.writeStartObject();
        out.writeEndObject();
      }
      out.writeEndObject();
    }

    @Override
    public boolean isEmpty(SerializationContext context, Set<String> keys) {
      return keys.isEmpty();
    }
  }
}
