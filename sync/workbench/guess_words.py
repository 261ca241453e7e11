"""What teams call their fields and statuses, in English, German, Danish, Finnish, Japanese and Russian."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

FIELDS: Mapping[str, tuple[str, ...]] = {
    "client": (
        *("Client", "Client name", "Customer", "Customer name", "Account", "Organization", "Organizations"),
        *("Organisation", "Kunde", "Kundenname", "Auftraggeber", "Mandant", "Kundenavn", "Asiakas"),
        *("Asiakkaan nimi", "Tilaaja", "顧客", "顧客名", "クライアント", "取引先", "Клиент", "Заказчик"),
    ),
    "engagement": (
        *("Engagement", "Mandate", "Assignment", "Contract", "Auftrag", "Mandat", "Opgave", "Aftale", "Projekt"),
        *("Toimeksianto", "Projekti", "Project", "案件", "プロジェクト", "Проект", "Договор"),
    ),
    "category": (
        *("Issue category", "Category", "Kategorie", "Kategori", "Kategoria", "Luokka", "カテゴリ", "カテゴリー"),
        *("分類", "種別", "Категория", "Type of problem", "Problem type", "Type of issue"),
    ),
    "subtype": (
        *("Issue subtype", "Subtype", "Subcategory", "Unterkategorie", "Underkategori", "Alaluokka"),
        *("サブカテゴリ", "小分類", "Подкатегория"),
    ),
    "severity": (
        *("Severity", "Schweregrad", "Alvorlighed", "Alvorsgrad", "Alvorlighedsgrad", "Vakavuus"),
        *("重大度", "深刻度", "Серьёзность", "Серьезность", "Критичность"),
    ),
    "priority": (
        *("Priority", "Priorität", "Prioritet", "Prioriteetti", "Tärkeys", "Kiireellisyys", "優先度"),
        *("優先順位", "Приоритет", "Urgency", "Dringlichkeit"),
    ),
    "impact": ("Impact", "Auswirkung", "Påvirkning", "Konsekvens", "Vaikutus", "影響", "影響度", "Влияние"),
    "reach": ("Reach", "Reichweite", "Betroffene", "Rækkevidde", "Laajuus", "影響範囲", "Охват"),
    "reported": (
        *("Reported", "Reported by client on", "Reported on", "Gemeldet am", "Anmeldt", "Meldt den"),
        *("Ilmoitettu", "報告日", "連絡日", "Сообщено", "Дата обращения"),
    ),
    "resolved": (
        *("Resolved", "Resolved on", "Gelöst am", "Erledigt am", "Løst den", "Ratkaistu", "解決日", "Решено"),
    ),
    "contacted": (
        *("Last contact", "Last client contact", "Contacted", "Letzter Kontakt", "Sidste kontakt"),
        *("Seneste kontakt", "Viimeisin yhteydenotto", "最終連絡日", "Последний контакт"),
    ),
    "planned": (
        *("Promised for", "Promised date", "Planned date", "Planned", "Zugesagt für", "Zugesagt bis", "Lovet til"),
        *("Lovet dato", "Luvattu", "Luvattu päivä", "約束日", "予定日", "Обещано", "Обещанный срок"),
    ),
    "next_update": (
        *("Next update", "Next update on", "Nächste Rückmeldung", "Nächstes Update", "Næste opdatering"),
        *("Seuraava päivitys", "次回連絡", "次回連絡日", "Следующее обновление"),
    ),
    "cadence": ("Update every", "Update cadence"),
    "budget": ("Budget", "Budjetti", "予算", "Бюджет"),
    "satisfaction": (
        *("Satisfaction", "CSAT", "Client satisfaction", "Zufriedenheit", "Tilfredshed", "Tyytyväisyys"),
        *("満足度", "Удовлетворённость", "Удовлетворенность"),
    ),
    "effort": (
        "Effort",
        "Effort (minutes)",
        "Aufwand",
        "Indsats",
        "Tidsforbrug",
        "Työmäärä",
        "工数",
        "Трудозатраты",
    ),
    "scope_clause": ("Scope clause",),
    "scope_decision": ("Scope decision",),
    "consent": ("Client consent", "Consent", "Zustimmung", "Samtykke", "Suostumus", "同意", "Согласие"),
    "date_moved": ("Date moved to",),
    "root_cause": (
        *("Root cause", "Ursache", "Grundursache", "Rodårsag", "Årsag", "Juurisyy", "根本原因", "原因"),
        *("Причина", "Первопричина"),
    ),
    "prevention": (
        "Prevention",
        "Vorbeugung",
        "Forebyggelse",
        "Ehkäisy",
        "再発防止",
        "再発防止策",
        "Предотвращение",
    ),
    "remedy": ("Remedy", "Wiedergutmachung", "Kompensation", "Hyvitys", "補償", "Компенсация"),
    "remedy_cost": ("Remedy cost",),
    "remedy_approved": ("Remedy approved by",),
    "lesson": ("Lesson", "Lessons learned", "Lessons learnt", "Erkenntnis", "Læring", "Oppi", "教訓", "Урок"),
    "discovered": ("Discovered",),
    "affected": ("Affected", "Betroffen", "Berørte"),
    "done_at_once": ("Done at once",),
    "client_told": ("Client told",),
    "next_step": (
        "Next step",
        "Next steps",
        "Nächster Schritt",
        "Næste skridt",
        "Seuraava askel",
        "Следующий шаг",
    ),
}
"""What a field of the ticket is called in trackers, the plainest first."""

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "id": (
        *("ID", "Key", "Issue key", "Issue ID", "Ticket", "Ticket ID", "No", "No.", "Number", "#", "Nr", "Nr."),
        *("Nummer", "Vorgang", "Sag", "Sagsnr", "Sagsnummer", "Tunnus", "Numero", "番号", "№", "Номер"),
    ),
    "title": (
        *("Title", "Summary", "Subject", "Name", "Task", "Issue", "Titel", "Betreff", "Zusammenfassung", "Emne"),
        *("Overskrift", "Otsikko", "Aihe", "件名", "タイトル", "Название", "Тема", "Заголовок"),
    ),
    "text": (
        *("Description", "Text", "Details", "Notes", "Beschreibung", "Beskrivelse", "Kuvaus", "説明", "内容"),
        *("詳細", "Описание"),
    ),
    "status": ("Status", "State", "Stand", "Tila", "状態", "ステータス", "Статус", "Состояние"),
    "created": (
        *("Created", "Created at", "Created on", "Opened", "Opened on", "Date", "Erstellt", "Erstellt am"),
        *("Angelegt am", "Angelegt", "Oprettet", "Oprettet den", "Luotu", "Avattu", "作成日", "登録日", "受付日"),
        *("Создано", "Создан", "Дата создания"),
    ),
    "due": (
        *("Due", "Due date", "Due on", "Deadline", "Fällig", "Fällig am", "Frist", "Forfald", "Eräpäivä"),
        *("Määräaika", "期限", "期日", "締切", "Срок"),
    ),
    "labels": (
        *("Labels", "Label", "Tags", "Tag", "Etiketten", "Schlagwörter", "Etiketter", "Mærker", "Tunnisteet"),
        *("ラベル", "タグ", "Метки", "Теги"),
    ),
    "assignee": (
        *(
            "Owner",
            "Assignee",
            "Assigned to",
            "Handled by",
            "Responsible",
            "Zuständig",
            "Bearbeiter",
            "Verantwortlich",
        ),
        *("Ansvarlig", "Tildelt", "Vastuuhenkilö", "Omistaja", "担当", "担当者", "Ответственный", "Исполнитель"),
    ),
    "reporter": (
        *("Reporter", "Reported by", "Requester", "Author", "Melder", "Gemeldet von", "Anmelder", "Meldt af"),
        *("Ilmoittaja", "報告者", "起票者", "Автор", "Заявитель"),
    ),
    "updated": (
        *(
            "Updated",
            "Updated at",
            "Last modified",
            "Last updated",
            "Last touched",
            "Aktualisiert",
            "Opdateret",
            "Päivitetty",
            "更新日",
            "Обновлено",
        ),
    ),
    "type": ("Type", "Issue type", "Kind", "Typ", "Vorgangstyp", "Type af sag", "Tyyppi", "種類", "Тип"),
}
"""What the columns of a spreadsheet are called that are no ordinary fields."""

STATUSES: Mapping[str, tuple[str, ...]] = {
    "open": (
        *("Offen", "Neu", "Zu erledigen", "Eingang", "Wiedereröffnet", "Incoming", "Requested", "Reported"),
        *("Ny", "Nye", "Ikke startet", "Modtaget", "Genåbnet", "Not started", "Ready", "Planned", "Accepted"),
        *(
            "Uusi",
            "Ei aloitettu",
            "Vastaanotettu",
            "Uudelleen avattu",
            "新規",
            "未対応",
            "未処理",
            "受付",
            "再オープン",
        ),
        *("Новая", "Новый", "Открыто", "Открыта", "Открыт повторно", "Переоткрыт", "Backlog", "Ideas"),
    ),
    "in_progress": (
        *(
            "In Bearbeitung",
            "In Arbeit",
            "In Prüfung",
            "In Umsetzung",
            "Working on it",
            "In development",
            "Testing",
            "Being looked at",
            "Being worked on",
            "Ongoing",
        ),
        *("Under behandling", "I arbejde", "Igangværende", "Til review", "In test", "Active", "Started"),
        *("Työn alla", "Käsittelyssä", "Tarkastuksessa", "対応中", "処理中", "作業中", "確認中", "レビュー中"),
        *("В процессе", "На проверке", "В разработке", "Рассматривается"),
    ),
    "waiting": (
        *(
            "Wartet auf Kunde",
            "Wartet auf Kunden",
            "Warten auf Kunde",
            "Warten auf Kunden",
            "Rückfrage beim Kunden",
        ),
        *("With customer", "With the customer"),
        *("Waiting on customer", "Waiting on client", "With client", "With the client", "Awaiting client"),
        *("Awaiting customer", "Customer pending", "Afventer kunden", "Hos kunden", "Venter på kunde"),
        *(
            "Venter på kunden",
            "Asiakkaalla",
            "Odottaa asiakkaan vastausta",
            "顧客確認中",
            "お客様確認待ち",
            "お客様待ち",
        ),
        *("Передано клиенту", "Ожидает клиента", "Ждём клиента", "Ждем клиента", "Ожидание заказчика"),
    ),
    "resolved": (
        *("Gelöst", "Behoben", "Fixed", "Answered", "Solved", "Afklaret", "Løst", "Korjattu", "Ratkaistu"),
        *("解決", "対応済み", "対応済", "Решена", "Решён", "Исправлено"),
    ),
    "closed": (
        *("Geschlossen", "Erledigt", "Fertig", "Abgeschlossen", "Abgelehnt", "Verworfen", "Complete", "Completed"),
        *("Rejected", "Won't do", "Duplicate", "Archived", "Afsluttet", "Færdig", "Afvist", "Annulleret"),
        *(
            "Suljettu",
            "Hylätty",
            "Peruttu",
            "クローズ",
            "完了",
            "却下",
            "取り消し",
            "Закрыта",
            "Закрыто",
            "Отклонено",
        ),
        *("Отменено", "Выполнено", "Завершено"),
    ),
}
"""Names of statuses beside those of the shipped mapping files."""

WAITS = ("wait", "await", "pending", "wart", "afvent", "venter", "odot", "待ち", "ожид", "ждём", "ждем")
"""Stems that say that a status waits for somebody."""
FOR_THE_CLIENT = (
    *(
        "client",
        "customer",
        "kund",
        "auftraggeber",
        "asiaka",
        "顧客",
        "お客様",
        "クライアント",
        "клиент",
        "заказчик",
    ),
)
"""Stems that say that it is the client."""

SEVERITIES: Mapping[str, tuple[str, ...]] = {
    "critical": (
        *("Critical", "Blocker", "Sev 1", "Sev1", "S1", "P1", "Urgent", "Kritisch", "Dringend", "Kritisk", "Akut"),
        *("Kriittinen", "緊急", "至急", "重大", "最高", "Критический", "Критично", "Срочно", "Блокирующий"),
    ),
    "high": ("High", "Sev 2", "Sev2", "S2", "P2", "Hoch", "Høj", "Korkea", "高", "Высокий", "Высокая"),
    "medium": (
        *("Medium", "Normal", "Sev 3", "Sev3", "S3", "P3", "Mittel", "Middel", "Mellem", "Keskitaso", "Normaali"),
        *("中", "普通", "Средний", "Средняя", "Обычный"),
    ),
    "low": ("Low", "Sev 4", "Sev4", "S4", "P4", "Niedrig", "Gering", "Lav", "Matala", "低", "Низкий", "Низкая"),
}
"""What the values of a severity or priority field mean, beside those that are shipped."""

CATEGORIES: Mapping[str, tuple[str, ...]] = {
    "delivery": (
        "Delivery",
        "Quality",
        "Bug",
        "Lieferung",
        "Qualität",
        "Levering",
        "Kvalitet",
        "Laatu",
        "品質",
        "Качество",
    ),
    "communication": ("Communication", "Kommunikation", "Viestintä", "連絡", "Коммуникация"),
    "scope": (
        "Scope",
        "Change request",
        "Umfang",
        "Änderungswunsch",
        "Ændringsønske",
        "Muutospyyntö",
        "変更",
        "Объём",
    ),
    "team": ("Team", "Staff", "Personal", "Personale", "Henkilöstö", "人員", "Команда"),
    "billing": ("Billing", "Invoice", "Rechnung", "Abrechnung", "Faktura", "Lasku", "請求書", "Счёт", "Оплата"),
}
"""What the values of a category field mean, beside those that are shipped."""

DATES = frozenset({"reported", "resolved", "contacted", "planned", "next_update", "date_moved"})
"""Fields of the ticket that hold a date."""

OPEN_MAILBOXES = frozenset(
    {"gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com", "yahoo.com", "icloud.com", "gmx.de"}
)
"""Domains at which anybody may have an address: they say nothing of a firm."""
