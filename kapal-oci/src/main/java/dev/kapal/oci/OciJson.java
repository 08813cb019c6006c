package dev.kapal.oci;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.MapperFeature;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.cfg.DateTimeFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * Reads and writes the JSON documents of the OCI specifications. Unknown members are passed over, a
 * member given twice is refused (two parsers might choose differently), and size and nesting are
 * capped before anything is built.
 */
public final class OciJson {
  /** The longest document that is read, in bytes: the limit that distribution-spec recommends. */
  public static final int MAX_DOCUMENT = 4 * 1024 * 1024;

  private static final JsonMapper MAPPER =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxDocumentLength(MAX_DOCUMENT)
                          .maxNestingDepth(64)
                          .maxStringLength(1024 * 1024)
                          .maxNameLength(64 * 1024)
                          .maxNumberLength(64)
                          .build())
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .build())
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .disable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .disable(DateTimeFeature.WRITE_DATES_AS_TIMESTAMPS)
          .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
          .disable(MapperFeature.SORT_PROPERTIES_ALPHABETICALLY)
          .disable(SerializationFeature.FAIL_ON_EMPTY_BEANS)
          .build();

  private OciJson() {}

  /** The mapper itself, for documents of other kinds under the same limits. */
  public static JsonMapper mapper() {
    return MAPPER;
  }

  /**
   * Reads a document as a record.
   *
   * @throws InvalidDocumentException if it is too long, no JSON, or not what the record needs
   */
  public static <T> T read(byte[] json, Class<T> type) {
    checkLength(json);
    try {
      T value = MAPPER.readValue(json, type);
      if (value == null) {
        throw new InvalidDocumentException(
            "a document that should be a " + type.getSimpleName() + " is null");
      }
      return value;
    } catch (JacksonException e) {
      throw failure(type.getSimpleName(), e);
    }
  }

  /** Writes a record, compactly. */
  public static byte[] write(Object value) {
    return MAPPER.writeValueAsBytes(value);
  }

  /**
   * Reads a manifest or an index, whichever the bytes are. A document that could be taken for
   * either is refused (CVE-2021-41190), as is one that contradicts the media type it was served
   * with.
   *
   * @param servedAs the media type from the descriptor or the registry's answer
   * @throws InvalidDocumentException if the document is neither or both
   */
  public static Document readDocument(byte[] json, Optional<String> servedAs) {
    Probe probe = read(json, Probe.class);
    boolean index = probe.manifests != null;
    boolean manifest = probe.layers != null || probe.config != null;
    if (probe.fsLayers != null || probe.schemaVersion == 1) {
      throw new InvalidDocumentException(
          "the image has a Docker schema 1 manifest, which is no longer supported:"
              + " push it again with a current client");
    }
    if (index == manifest) {
      throw new InvalidDocumentException(
          index
              ? "the document has both manifests and layers, so it is not clear what it is"
              : "the document is neither an image manifest nor an index");
    }
    Document document = index ? read(json, Index.class) : read(json, Manifest.class);
    document.mediaType().ifPresent(type -> checkKind(type, index));
    servedAs.ifPresent(type -> checkKind(type, index));
    return document;
  }

  private static void checkKind(String mediaType, boolean index) {
    if (index ? MediaTypes.isManifest(mediaType) : MediaTypes.isIndex(mediaType)) {
      throw new InvalidDocumentException(
          "the document is said to be " + mediaType + " but its content is not");
    }
  }

  private static void checkLength(byte[] json) {
    if (json.length > MAX_DOCUMENT) {
      throw new InvalidDocumentException(
          "a document of " + json.length + " bytes is longer than " + MAX_DOCUMENT);
    }
  }

  private static InvalidDocumentException failure(String what, JacksonException e) {
    for (Throwable t = e; t != null; t = t.getCause()) {
      if (t instanceof OciException known) {
        return new InvalidDocumentException("cannot read " + what + ": " + known.getMessage(), e);
      }
    }
    return new InvalidDocumentException("cannot read " + what + ": " + e.getOriginalMessage(), e);
  }

  /** What tells the kinds of document apart. */
  record Probe(
      int schemaVersion,
      @Nullable JsonNode manifests,
      @Nullable JsonNode layers,
      @Nullable JsonNode config,
      @JsonProperty("fsLayers") @Nullable JsonNode fsLayers) {}
}
