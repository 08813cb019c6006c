package dev.kapal.it;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.SAXException;

/**
 * What became of critest's specifications.
 *
 * @param passed their names
 * @param failed their names, and why
 * @param skipped their names, and why
 */
record CritestReport(List<String> passed, List<String> failed, List<String> skipped) {
  static final CritestReport EMPTY = new CritestReport(List.of(), List.of(), List.of());
  private static final int LONGEST_REASON = 600;

  /** Reads a report in JUnit's format. */
  static CritestReport read(Path file) throws IOException {
    try {
      DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
      factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
      NodeList cases =
          factory.newDocumentBuilder().parse(file.toFile()).getElementsByTagName("testcase");
      CritestReport report =
          new CritestReport(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
      for (int i = 0; i < cases.getLength(); i++) {
        report.add((Element) cases.item(i));
      }
      return report;
    } catch (ParserConfigurationException | SAXException e) {
      throw new IOException(file + " is no report", e);
    }
  }

  private void add(Element each) {
    String name = each.getAttribute("name");
    if (!name.startsWith("[It] ")) {
      return; // what surrounds the specifications
    }
    switch (each.getAttribute("status")) {
      case "passed" -> passed.add(name);
      case "skipped" -> skipped.add(name + ": " + reason(each, "skipped"));
      default -> failed.add(name + ": " + reason(each, "failure"));
    }
  }

  private static String reason(Element each, String element) {
    NodeList reasons = each.getElementsByTagName(element);
    String reason =
        reasons.getLength() > 0
            ? ((Element) reasons.item(0)).getAttribute("message")
            : each.getAttribute("status");
    return reason.substring(0, Math.min(reason.length(), LONGEST_REASON));
  }

  /** How many there are of each, and what was skipped for which reason. */
  String summary() {
    return passed.size()
        + " passed, "
        + failed.size()
        + " failed, "
        + skipped.size()
        + " skipped"
        + skipped.stream().sorted().collect(Collectors.joining("\n  - ", ":\n  - ", ""));
  }
}
