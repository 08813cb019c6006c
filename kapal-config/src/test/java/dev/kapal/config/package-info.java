@NullMarked
package dev.kapal.config;

import org.jspecify.annotations.NullMarked;
