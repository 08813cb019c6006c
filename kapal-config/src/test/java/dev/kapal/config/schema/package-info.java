@NullMarked
package dev.kapal.config.schema;

import org.jspecify.annotations.NullMarked;
