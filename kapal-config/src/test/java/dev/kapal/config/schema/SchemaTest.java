package dev.kapal.config.schema;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kapal.config.text.TomlReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class SchemaTest {
  @Test
  void documentationHasTheSchemasTables() throws IOException {
    Path page = Path.of("../docs/configuration.md");
    String text = Files.readString(page);
    if ("write".equals(System.getProperty("kapal.golden"))) {
      int start = text.indexOf("### daemon");
      Files.writeString(
          page, (start < 0 ? text : text.substring(0, start)) + Documentation.table());
    }
    assertThat(Files.readString(page)).endsWith("\n" + Documentation.table());
  }

  @Test
  void everyDefaultFulfilsItsOwnRule() {
    for (Key key : Schema.KEYS) {
      key.standard()
          .ifPresent(node ->
              assertThat(SchemaCheck.check(new Setting(key.path(), node)))
                  .as(key.name())
                  .isEmpty());
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "[containers]~stop_timout = 3|f:2:1: containers.stop_timout: is no key that [containers]"
            + " has; did you mean \"stop_timeout\"?",
        "stop_timeout = 3|f:1:1: stop_timeout: is no key or table that Kapal knows; did you mean"
            + " \"containers.stop_timeout\"?",
        "[contaners]~x = 1|did you mean \"containers\"?",
        "[containers]~init = \"yes\"|f:2:1: containers.init: must be true or false, not \"yes\":"
            + " init = true",
        "[daemon]~log_level = \"inof\"|must be one of trace, debug, info, warn, error, not"
            + " \"inof\"; did you mean \"info\"?",
        "[daemon]~run_dir = \"run\"|must be an absolute path",
        "[daemon]~run_dir = \"/a/../b\"|must be an absolute path",
        "[metrics]~address = \"1338\"|f:2:1: metrics.address: must be ADDRESS:PORT such as"
            + " 127.0.0.1:1338, [::1]:1338 or :1338, or empty, not \"1338\"",
        "[metrics]~address = \"127.0.0.1:0\"|must be ADDRESS:PORT",
        "[metrics]~address = \"127.0.0.1:65536\"|must be ADDRESS:PORT",
        "[metrics]~address = \"300.0.0.1:80\"|must be ADDRESS:PORT",
        "[metrics]~address = \"node.example:80\"|must be ADDRESS:PORT",
        "[metrics]~address = \"::1:80\"|must be ADDRESS:PORT",
        "[tracing]~endpoint = \"collector:4317\"|f:2:1: tracing.endpoint: must be"
            + " http(s)://HOST[:PORT][/PATH], or empty, not \"collector:4317\"",
        "[tracing]~endpoint = \"http://u:p@collector\"|must be http",
        "[tracing]~endpoint = \"http://collector:4318/?a=b\"|must be http",
        "[tracing]~endpoint = \"http://:4318\"|must be http",
        "[tracing]~sampling_rate_per_million = 1000001|must be 0 to 1000000",
        "[containers]~log_max_files = 0|must be 1 to 999",
        "[containers.ulimits]~nofiles = 5|did you mean \"nofile\"?",
        "[containers.ulimits]~nofile = \"5:4\"|must be a limit",
        "[runtimes.\"a/b\"]~path = \"/x\"|no name for a runtime",
        "runtimes = 3|is a table, not a whole number: write [runtimes]",
        "[registries]~insecure = [\"a\", 3]|must be an array of strings",
      })
  void problemsSayWhereAndWhat(String toml, String message) {
    var tree = TomlReader.read("f", toml.replace('~', '\n'));
    assertThat(SchemaCheck.check(tree.root()).problems())
        .singleElement()
        .asString()
        .contains(message);
  }

  @ParameterizedTest
  @CsvSource({
    ":1338,127.0.0.1,1338",
    "localhost:1338,127.0.0.1,1338",
    "127.0.0.1:1,127.0.0.1,1",
    "0.0.0.0:65535,0.0.0.0,65535",
    "[::1]:80,0:0:0:0:0:0:0:1,80",
    "[::]:80,0:0:0:0:0:0:0:0,80"
  })
  void anAddressWithoutAnAddressIsLoopback(String text, String address, int port) {
    assertThat(SocketAddresses.parse(text))
        .hasValueSatisfying(a -> {
          assertThat(a.getAddress().getHostAddress()).isEqualTo(address);
          assertThat(a.getPort()).isEqualTo(port);
        });
  }

  @ParameterizedTest
  @CsvSource({
    "http://collector,http://collector/v1/traces",
    "http://127.0.0.1:4318/,http://127.0.0.1:4318/v1/traces",
    "https://[::1]:4318/otlp,https://[::1]:4318/otlp/v1/traces",
    "http://collector:4318/v1/traces,http://collector:4318/v1/traces"
  })
  void theEndpointOfTracesIsABase(String text, String whole) {
    assertThat(Endpoints.traces(text)).hasToString("Optional[" + whole + "]");
  }
}
