package dev.kapal.daemon.tracing;

import dev.kapal.oci.OciJson;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * {@code ExportTraceServiceRequest} in the JSON encoding of OTLP 1: ids are hexadecimal, 64-bit
 * numbers are strings, enums are numbers.
 */
final class OtlpJson {
  private static final int INTERNAL = 1;
  private static final int SERVER = 2;
  private static final int ERROR = 2;

  private OtlpJson() {}

  /**
   * Writes spans.
   *
   * @param resource who they are of: {@code service.name} and so on
   */
  static byte[] request(List<Span> spans, Map<String, String> resource) {
    Map<String, Object> scope =
        Map.of(
            "scope",
            Map.of("name", "dev.kapal"),
            "spans",
            spans.stream().map(OtlpJson::span).toList());
    return OciJson.write(
        Map.of(
            "resourceSpans",
            List.of(
                Map.of(
                    "resource",
                    Map.of("attributes", attributes(resource)),
                    "scopeSpans",
                    List.of(scope)))));
  }

  private static Map<String, Object> span(Span span) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("traceId", span.at().traceId());
    json.put("spanId", span.at().spanId());
    if (!span.at().state().isEmpty()) {
      json.put("traceState", span.at().state());
    }
    span.parent().ifPresent(id -> json.put("parentSpanId", id));
    json.put("name", span.name());
    json.put("kind", span.server() ? SERVER : INTERNAL);
    json.put("startTimeUnixNano", Long.toString(span.began()));
    json.put("endTimeUnixNano", Long.toString(span.ended()));
    json.put("attributes", attributes(span.attributes()));
    span.error().ifPresent(why -> json.put("status", Map.of("code", ERROR, "message", why)));
    return json;
  }

  private static List<Object> attributes(Map<String, ?> attributes) {
    List<Object> all = new ArrayList<>();
    attributes.forEach((key, value) ->
        all.add(
            Map.of(
                "key",
                key,
                "value",
                value instanceof Long number
                    ? Map.of("intValue", number.toString())
                    : Map.of("stringValue", value.toString()))));
    return all;
  }
}
