"""The add-in's manifest: add-in-only XML, [MS-OWEMXML]; the order of elements is the schema's and matters."""

from __future__ import annotations

import uuid
from urllib.parse import urlsplit
from xml.sax.saxutils import escape, quoteattr

VERSION = "1.0.0.0"
# Which way of the add-in a home serves: the same home keeps its id, two homes never share one.
_NAMESPACE = uuid.UUID("5c1d4bb0-3f0a-5a1e-9d52-2f6a6a6f0b11")
ICON_SIZES = (16, 32, 64, 80, 128)


def addin_id(public_url: str) -> str:
    """The id of a home's add-in, for ever the same for its address."""
    return str(uuid.uuid5(_NAMESPACE, public_url))


def manifest(public_url: str) -> str:
    """The manifest of the add-in that is served at `public_url` (without a slash at its end)."""
    address, host = public_url, f"{urlsplit(public_url).scheme}://{urlsplit(public_url).netloc}"
    icons = {size: quoteattr(f"{address}/static/outlook/icon-{size}.png") for size in ICON_SIZES}
    pane, support = quoteattr(f"{address}/outlook/taskpane"), quoteattr(f"{address}/")
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<OfficeApp xmlns="http://schemas.microsoft.com/office/appforoffice/1.1"
  xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
  xmlns:bt="http://schemas.microsoft.com/office/officeappbasictypes/1.0" xsi:type="MailApp">
  <Id>{addin_id(public_url)}</Id>
  <Version>{VERSION}</Version>
  <ProviderName>Caseroom</ProviderName>
  <DefaultLocale>en-US</DefaultLocale>
  <DisplayName DefaultValue="Caseroom">
    <Override Locale="sk-SK" Value="Caseroom"/>
  </DisplayName>
  <Description DefaultValue="File this mail with its company and case.">
    <Override Locale="sk-SK" Value="Zaradiť túto správu k firme a prípadu."/>
  </Description>
  <IconUrl DefaultValue={icons[64]}/>
  <HighResolutionIconUrl DefaultValue={icons[128]}/>
  <SupportUrl DefaultValue={support}/>
  <AppDomains>
    <AppDomain>{escape(host)}</AppDomain>
  </AppDomains>
  <Hosts>
    <Host Name="Mailbox"/>
  </Hosts>
  <Requirements>
    <Sets>
      <Set Name="Mailbox" MinVersion="1.1"/>
    </Sets>
  </Requirements>
  <FormSettings>
    <Form xsi:type="ItemRead">
      <DesktopSettings>
        <SourceLocation DefaultValue={pane}/>
        <RequestedHeight>450</RequestedHeight>
      </DesktopSettings>
    </Form>
  </FormSettings>
  <Permissions>ReadItem</Permissions>
  <Rule xsi:type="RuleCollection" Mode="Or">
    <Rule xsi:type="ItemIs" ItemType="Message" FormType="Read"/>
  </Rule>
  <DisableEntityHighlighting>true</DisableEntityHighlighting>
  <VersionOverrides xmlns="http://schemas.microsoft.com/office/mailappversionoverrides" xsi:type="VersionOverridesV1_0">
{_overrides(icons, pane)}
    <VersionOverrides xmlns="http://schemas.microsoft.com/office/mailappversionoverrides/1.1"
      xsi:type="VersionOverridesV1_1">
{_overrides(icons, pane, pinnable=True)}
    </VersionOverrides>
  </VersionOverrides>
</OfficeApp>
"""


def _overrides(icons: dict[int, str], pane: str, *, pinnable: bool = False) -> str:
    """Requirements, hosts and resources of one version of the overrides; only 1.1 knows panes that stay open."""
    minimum, pinning = ("1.5", "<SupportsPinning>true</SupportsPinning>") if pinnable else ("1.3", "")
    images = "".join(f'<bt:Image id="icon{size}" DefaultValue={icons[size]}/>' for size in (16, 32, 80))
    icon = "".join(f'<bt:Image size="{size}" resid="icon{size}"/>' for size in (16, 32, 80))
    return f"""    <Requirements>
      <bt:Sets DefaultMinVersion="{minimum}"><bt:Set Name="Mailbox"/></bt:Sets>
    </Requirements>
    <Hosts>
      <Host xsi:type="MailHost">
        <DesktopFormFactor>
          <ExtensionPoint xsi:type="MessageReadCommandSurface">
            <OfficeTab id="TabDefault">
              <Group id="caseroomGroup">
                <Label resid="groupLabel"/>
                <Control xsi:type="Button" id="caseroomFile">
                  <Label resid="fileLabel"/>
                  <Supertip><Title resid="fileLabel"/><Description resid="fileTip"/></Supertip>
                  <Icon>{icon}</Icon>
                  <Action xsi:type="ShowTaskpane"><SourceLocation resid="pane"/>{pinning}</Action>
                </Control>
              </Group>
            </OfficeTab>
          </ExtensionPoint>
        </DesktopFormFactor>
      </Host>
    </Hosts>
    <Resources>
      <bt:Images>{images}</bt:Images>
      <bt:Urls><bt:Url id="pane" DefaultValue={pane}/></bt:Urls>
      <bt:ShortStrings>
        <bt:String id="groupLabel" DefaultValue="Caseroom"/>
        <bt:String id="fileLabel" DefaultValue="File">
          <bt:Override Locale="sk-SK" Value="Zaradiť"/>
        </bt:String>
      </bt:ShortStrings>
      <bt:LongStrings>
        <bt:String id="fileTip" DefaultValue="File this mail with its company and case in Caseroom.">
          <bt:Override Locale="sk-SK" Value="Zaradiť túto správu v Caseroome k firme a prípadu."/>
        </bt:String>
      </bt:LongStrings>
    </Resources>"""
