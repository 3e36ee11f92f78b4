#include "apiserver/proxy/html_links.h"

#include <gtest/gtest.h>

namespace apiserver {
namespace {

std::string through(std::string_view page) {
  HtmlLinks links("/p/proxy", "10.0.0.7:80");
  auto whole = links.feed(page);
  whole += links.finish();
  // However it is cut into pieces, the same must come out.
  HtmlLinks bytewise("/p/proxy", "10.0.0.7:80");
  std::string again;
  for (char c : page) again += bytewise.feed(std::string_view(&c, 1));
  again += bytewise.finish();
  EXPECT_EQ(again, whole);
  return whole;
}

TEST(HtmlLinks, PathsLeadBelowTheProxy) {
  EXPECT_EQ(through(R"(<a href="/x?a=1&amp;b">t</a>)"), R"(<a href="/p/proxy/x?a=1&amp;b">t</a>)");
  EXPECT_EQ(through("<IMG alt='a > b' SRC='/i.png'/>"), "<IMG alt='a > b' SRC='/p/proxy/i.png'/>");
  EXPECT_EQ(through("<link href=/s.css rel=stylesheet>"), "<link href=/p/proxy/s.css rel=stylesheet>");
  EXPECT_EQ(through("<a href = \"http://10.0.0.7:80/y\">"), "<a href = \"/p/proxy/y\">");
  EXPECT_EQ(through("<form action=\"//10.0.0.7:80/z/\">"), "<form action=\"/p/proxy/z/\">");
}

TEST(HtmlLinks, OtherHostsRelativeOnesAndThoseThatAreBelowAlreadyStay) {
  for (std::string_view page :
       {"<a href=\"http://example.com/x\">", "<a href=\"x/y\">", "<a href=\"#top\">", "<a href=\"?q\">", "<a href>",
        "<a href=\"/p/proxy/x\">", "<a title=\"/x\">", "<a href=\"mailto:a@b\">"})
    EXPECT_EQ(through(page), page);
  EXPECT_EQ(through("<a href=\"/p/proxyx\">"), "<a href=\"/p/proxy/p/proxyx\">");
}

TEST(HtmlLinks, WhatIsNoMarkupStays) {
  EXPECT_EQ(through("<!-- <a href='/x'> --><script src='/s.js'>'<a href=\"/x\">' < 1</SCRIPT><a href='/x'>"),
            "<!-- <a href='/x'> --><script src='/p/proxy/s.js'>'<a href=\"/x\">' < 1</SCRIPT><a href='/p/proxy/x'>");
  for (std::string_view page : {"1 < 2 and <", "<a href=\"/x", "<!doctype html>", "<", "<!-", "</a", "<a b='"})
    EXPECT_EQ(through(page), page);
}

TEST(HtmlLinks, NoMoreThanATagIsKeptBack) {
  HtmlLinks links("/p", "");
  std::string endless = "<a " + std::string(4 * kHtmlTagBytesMax, 'x');
  EXPECT_GE(links.feed(endless).size(), endless.size() - kHtmlTagBytesMax);
}

}  // namespace
}  // namespace apiserver
