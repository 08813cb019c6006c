package dev.kapal.config.schema;

import java.net.URI;
import java.util.Optional;

/** Places of services as configurations write them. */
public final class Endpoints {
  private static final String TRACES = "/v1/traces";
  private static final int LAST_PORT = 65_535;

  private Endpoints() {}

  /**
   * Where traces go: the base URL of a collector, to which {@code /v1/traces} is appended unless it
   * ends so (OpenTelemetry's {@code OTEL_EXPORTER_OTLP_ENDPOINT}).
   *
   * @return empty: it is no such URL; credentials, a query and a fragment have no place in it
   */
  public static Optional<URI> traces(String text) {
    try {
      URI uri = URI.create(text);
      boolean good =
          ("http".equals(uri.getScheme()) || "https".equals(uri.getScheme()))
              && uri.getHost() != null
              && uri.getPort() != 0
              && uri.getPort() <= LAST_PORT
              && uri.getRawUserInfo() == null
              && uri.getRawQuery() == null
              && uri.getRawFragment() == null;
      String base = text.replaceAll("/+$", "");
      return good
          ? Optional.of(URI.create(base.endsWith(TRACES) ? base : base + TRACES))
          : Optional.empty();
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }
}
