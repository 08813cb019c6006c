package dev.kapal.config.text;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class ReadersTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{\"a\": 'x'}|f:1:7: |plain double quotes",
        "{a: 1}|f:1:2: |needs double quotes",
        "{\"a\": 1 \"b\": 2}|f:1:9: |comma is missing",
        "{\"a\": 01}|f:1:7: |not a number",
        "{\"a\": tru}|f:1:7: |needs double quotes",
        "{\"a\": True}|f:1:7: |true",
        "{\"a\": \"x\ty\"}|f:1:9: |a tab",
        "{\"a\": \"x|f:1:7: |closing quote",
        "{\"a\" 1}|f:1:6: |colon",
        "{\"a\": 1|f:1:8: |closing }",
        "{\"a\": 1} x|f:1:10: |behind the end",
        "[1]|f:1:1: |not an object",
        "{\"a\": \"\\x\"}|f:1:8: |no escape",
        "{/* x */}|f:1:2: |comments",
        "{\"a\": [1,]}|f:1:9: |comma stands before",
      })
  void jsonMistakesAreNamed(String text, String place, String message) {
    assertThat(JsonReader.read("f", text).problems().getFirst().toString())
        .startsWith(place)
        .contains(message);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"{}", " {\"a\":[1,-2.5e3,true,null,\"\\u00e9\\n\"],\"b\":{\"c\":\"\"}}\n"})
  void jsonIsRead(String text) {
    assertThat(JsonReader.read("f", text).problems()).isEmpty();
  }

  @Test
  void whatTheWriterWritesTheReaderReads() {
    String text = "k = { \"a b\" = [1, -2.5, true, \"q\\\"\\\\\\n\\u0001é\"], c = {} }";
    Node.Table root = TomlReader.read("f", text).root();
    assertThat("k = " + TomlWriter.value(root.get("k").orElseThrow())).isEqualTo(text);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "// x|begins with #",
        "a: 1|key = value",
        "a = /x|needs quotes",
        "a = True|true and false"
      })
  void tomlMistakesGetHints(String text, String hint) {
    assertThat(TomlReader.read("f", text + "\n").problems().getFirst().message()).contains(hint);
  }

  @Test
  void bytesThatAreNoTextArePlaced() {
    assertThat(ConfigFiles.decode("f", new byte[] {'a', '\n', 'b', (byte) 0xff}))
        .isInstanceOfSatisfying(
            ConfigFiles.Text.Unusable.class,
            u -> assertThat(u.problem().toString()).startsWith("f:2:2: "));
  }

  @Test
  void theNearestIsNear() {
    assertThat(Nearest.of("untime-endpoint", java.util.List.of("runtime-endpoint", "timeout")))
        .contains("runtime-endpoint");
    assertThat(Nearest.of("xyz", java.util.List.of("runtime-endpoint", "abc"))).isEmpty();
    assertThat(Nearest.distance("ab", "ba")).isEqualTo(1);
  }
}
