package dev.kapal.oci;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;

/**
 * How to ask a container whether it is well (Docker's extension of the configuration).
 *
 * @param test empty: inherit; {@code NONE}: none; {@code CMD ...} or {@code CMD-SHELL ...}
 * @param interval nanoseconds between checks; 0: the default
 * @param timeout nanoseconds that one check may take; 0: the default
 * @param startPeriod nanoseconds in which failures do not count; 0: the default
 * @param startInterval nanoseconds between checks in the start period; 0: the default
 * @param retries failures in a row that make the container unhealthy; 0: the default
 */
@JsonInclude(JsonInclude.Include.NON_DEFAULT)
public record Healthcheck(
    @JsonProperty("Test") List<String> test,
    @JsonProperty("Interval") long interval,
    @JsonProperty("Timeout") long timeout,
    @JsonProperty("StartPeriod") long startPeriod,
    @JsonProperty("StartInterval") long startInterval,
    @JsonProperty("Retries") int retries) {
  /** Copies. */
  public Healthcheck {
    test = Copies.list(test);
  }
}
